import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { systemClock } from '../../src/clock.ts'
import { type HostProcess, runHost } from '../helpers/host-process.ts'
import { type ReceivedRequest, receiver } from '../helpers/receiver.ts'
import { request } from '../helpers/served-host.ts'
import { projectFolder } from '../helpers/start-host.ts'
import { acmeRequest, yamlOf } from '../plugins/ingress/ingress-host.ts'
import { allSettled, inHands } from './look-at-store.ts'

export interface IngressKillsOptions {
  readonly kills: number
  /** Webhooks of the provider, each posted until it is answered with 2xx. */
  readonly webhooks: number
}

/** Requests the provider has under way at once. */
const atOnce = 8

/**
 * Kills `carabiner run` with SIGKILL at random moments while a provider posts webhooks to it, and starts it again on its SQLite file.
 *
 * Asserts that every webhook that was answered with 2xx arrives at its application, under one id however often the provider posted it, and that what arrives
 * twice had been in flight at a kill.
 */
export async function ingressKills(
  options: IngressKillsOptions,
): Promise<Readonly<Record<string, number>>> {
  const { kills, webhooks } = options
  const arrivals = new Arrivals()
  await using to = await receiver({ answers: [(asked) => arrivals.answer(asked)] })
  const acme = 'retry: { base: 500ms, factor: 1, max_tries: 1000 }'
  const yaml = yamlOf({ callback: to.url, store: 'sqlite:./store.db', acme })
  using folder = projectFolder({ 'carabiner.yaml': yaml })
  const store = `sqlite:${folder.file('store.db')}`
  const inFlightAt: ReadonlySet<string>[] = []

  let host: HostProcess = await runHost(folder)
  await using ends = new AsyncDisposableStack()
  ends.defer(() => host[Symbol.asyncDispose]())
  const provider = new Provider(() => host.url, webhooks)
  const posting = provider.postAll()
  for (let kill = 1; kill <= kills; kill += 1) {
    await Promise.race([provider.reached((webhooks * kill) / (kills + 1)), posting])
    await sleep(Math.random() * 30)
    host.child.kill('SIGKILL')
    await host.exit()
    inFlightAt.push(await inHands(store, systemClock))
    host = await runHost(folder)
  }
  await posting
  await allSettled(store, systemClock, 1)

  const events = new Set(provider.accepted.values())
  assert.equal(events.size, webhooks, 'each is an event of its own')
  arrivals.check(events, inFlightAt)
  return {
    kills,
    webhooks,
    'posted again': provider.postedAgain,
    'of them known already': provider.known,
    'arrived twice': arrivals.duplicates,
    'in flight at kills': inFlightAt.reduce((sum, ids) => sum + ids.size, 0),
  }
}

/** Posts each webhook until it is answered with 2xx, as providers do. */
class Provider {
  readonly #hostUrl: () => string
  readonly #count: number
  /** By its own id for a webhook, the event's. */
  readonly accepted = new Map<string, string>()
  #begun = 0
  postedAgain = 0
  known = 0

  constructor(hostUrl: () => string, count: number) {
    this.#hostUrl = hostUrl
    this.#count = count
  }

  async postAll(): Promise<void> {
    await Promise.all(Array.from({ length: atOnce }, () => this.#postOn()))
  }

  async reached(count: number): Promise<void> {
    while (this.accepted.size < count) await sleep(5)
  }

  async #postOn(): Promise<void> {
    while (this.#begun < this.#count) {
      this.#begun += 1
      const eventId = `evt-${this.#begun}`
      this.accepted.set(eventId, await this.#post(eventId))
    }
  }

  /** The id of the event it has become. */
  async #post(eventId: string): Promise<string> {
    const [path, init] = acmeRequest({ eventId })
    const giveUpAt = performance.now() + 60_000
    for (let tries = 1; ; tries += 1) {
      const answered = await request(`${this.#hostUrl()}${path}`, init).catch(() => undefined)
      const status = answered?.status ?? 0
      if (status === 202 || status === 200) {
        // Only what was posted before can be known.
        if (status === 200) assert.ok(tries > 1, eventId)
        if (status === 200) this.known += 1
        return String(answered?.json['data']?.['eventId'])
      }
      assert.ok(answered === undefined || status === 503, `${eventId}: ${answered?.text}`)
      assert.ok(performance.now() < giveUpAt, `${eventId} has had no answer for a minute`)
      this.postedAgain += 1
      await sleep(20)
    }
  }
}

/** What the application took, by `webhook-id`. */
class Arrivals {
  readonly #taken = new Map<string, number>()
  #asked = 0

  get duplicates(): number {
    return [...this.#taken.values()].filter((times) => times > 1).length
  }

  /** Takes most, after a moment; refuses every twentieth request. */
  async answer({ headers }: ReceivedRequest): Promise<number> {
    this.#asked += 1
    if (this.#asked % 20 === 0) return 503
    const id = headers['webhook-id'] ?? ''
    this.#taken.set(id, (this.#taken.get(id) ?? 0) + 1)
    await sleep(Math.random() * 10)
    return 200
  }

  check(events: ReadonlySet<string>, inFlightAt: readonly ReadonlySet<string>[]): void {
    assert.deepEqual(new Set(this.#taken.keys()), events)
    for (const [id, times] of this.#taken) {
      const kills = inFlightAt.filter((held) => held.has(id)).length
      assert.ok(times <= 1 + kills, `${id} arrived ${times} times, in flight at ${kills} kills`)
    }
  }
}
