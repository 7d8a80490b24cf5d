import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ReceivedRequest } from '../helpers/receiver.ts'

/** What the receiver took, by id. */
export class Arrivals {
  readonly #taken = new Map<string, number>()
  #asked = 0

  get duplicates(): number {
    return [...this.#taken.values()].filter((times) => times > 1).length
  }

  /** Takes most, some only after a while; refuses every twentieth request. */
  async answer(request: ReceivedRequest): Promise<number> {
    const id = request.headers['webhook-id'] ?? ''
    assert.equal(request.text, `"${id}"`)
    this.#asked += 1
    if (this.#asked % 20 === 0) return 503
    this.#taken.set(id, (this.#taken.get(id) ?? 0) + 1)
    await sleep(Math.random() * 10)
    return 200
  }

  check(committed: readonly string[], inFlightAt: readonly ReadonlySet<string>[]): void {
    for (const id of committed)
      assert.ok(this.#taken.has(id), `${id} was committed and never arrived`)
    for (const [id, times] of this.#taken) {
      const kills = inFlightAt.filter((ids) => ids.has(id)).length
      assert.ok(times <= 1 + kills, `${id} arrived ${times} times, in flight at ${kills} kills`)
    }
  }
}
