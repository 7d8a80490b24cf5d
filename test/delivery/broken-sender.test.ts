import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { retryPolicies } from '../../src/delivery/retry-policy.ts'
import type { OutboundRequest, Reply, Sender } from '../../src/delivery/sender.ts'
import {
  allDeliveries,
  anEndpoint,
  anOutboundMessage,
  openTestStore,
  quiet,
  startEngine,
} from '../helpers/engine.ts'
import { FakeClock } from '../helpers/fake-clock.ts'
import { FakeSender } from '../helpers/fake-sender.ts'

const retry = { ...retryPolicies.standard, baseMs: 1_000, factor: 1, jitter: 'none' } as const

/** One that cannot tell of a reply in its own turn. */
class RejectingSender implements Sender {
  readonly #sound = new FakeSender()
  #isBroken = true

  get requests(): readonly OutboundRequest[] {
    return this.#sound.requests
  }

  send(request: OutboundRequest): Promise<Reply> {
    if (this.requests.length !== 1 || !this.#isBroken) return this.#sound.send(request)
    this.#isBroken = false
    return Promise.reject(new Error('broken'))
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

class ThrowingSender extends FakeSender {
  #isBroken = true

  override dispatch(request: OutboundRequest, replied: (reply: Reply) => void): void {
    if (this.requests.length === 1 && this.#isBroken) {
      this.#isBroken = false
      throw new Error('broken')
    }
    super.dispatch(request, replied)
  }
}

describe('a sender that fails by itself', () => {
  for (const [how, sender] of [
    ['rejects', new RejectingSender()],
    ['throws', new ThrowingSender()],
  ] as const) {
    it(`costs a try, and nothing is lost: it ${how}`, async () => {
      const clock = new FakeClock()
      await using opened = await openTestStore('memory', clock)
      const endpoints = [anEndpoint({ retry, concurrency: 1 })]
      await using running = startEngine({ store: opened.store, sender, clock, endpoints })

      for (let count = 0; count < 3; count += 1) await running.engine.send([anOutboundMessage()])
      for (let seconds = 0; seconds < 5; seconds += 1) {
        await quiet(2)
        await clock.advance(1_000)
      }

      const rows = await allDeliveries(opened.store)
      assert.deepEqual(
        rows.map(({ state }) => state),
        ['delivered', 'delivered', 'delivered'],
      )
      assert.deepEqual(rows.map(({ attempts }) => attempts).toSorted(), [1, 1, 2])
      assert.equal(sender.requests.length, 3)
      const told = running.log.filter(({ message }) => message === 'the request could not be made')
      assert.equal(told.length, 1)
    })
  }
})
