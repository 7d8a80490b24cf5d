import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { openStore } from '../../src/store/open-store.ts'
import { ownPostgres, type TestPostgres, testPostgres } from '../helpers/postgres.ts'
import { type ReceivedRequest, receiver } from '../helpers/receiver.ts'
import type { Answered } from '../helpers/served-host.ts'
import type { ProjectFolder } from '../helpers/start-host.ts'
import {
  type ApiProcess,
  anEvent,
  apiFolder,
  runApi,
} from '../plugins/subscriptions/faults/host.ts'

export interface PublishThroughOptions {
  /** What happens meanwhile, to one host on its SQLite file or to three hosts on one PostgreSQL. */
  readonly trouble: 'host-killed' | 'host-of-three-killed' | 'server-restarted' | 'connections-cut'
  /** How often. */
  readonly times: number
  /** Publications, each with an idempotency key of its own. */
  readonly events: number
}

const clientCount = 50
const paths = ['/one', '/two']

/**
 * Clients publish over HTTP, each again and again until it has an answer, and something goes wrong at random moments.
 *
 * Asserts that there is one event per key, that all answers to a key agree, that each subscription gets each event under one
 * `webhook-id`, and that what arrives twice had been in flight when a host was killed.
 */
export async function publishThrough(
  options: PublishThroughOptions,
): Promise<Readonly<Record<string, number>>> {
  const { trouble, times, events } = options
  const arrivals = new Arrivals()
  await using to = await receiver({ answers: [(request) => arrivals.answer(request)] })
  await using place = await placeOf(trouble)
  await using fleet = await Fleet.start(place.folder, trouble === 'host-killed' ? 1 : 3)
  for (const path of paths) await fleet.any().subscribe(`${to.url}${path}`)

  const publishing = new Publishing(fleet, events)
  const clients = Promise.all(Array.from({ length: clientCount }, () => publishing.client()))
  const inFlightAt: ReadonlySet<string>[] = []
  for (let time = 1; time <= times; time += 1) {
    await Promise.race([publishing.reached((events * time) / (times + 1)), clients])
    await sleep(Math.random() * 30)
    if (trouble === 'server-restarted') await place.server?.restart('immediate')
    else if (trouble === 'connections-cut') await place.server?.cutConnections(place.url)
    else {
      await fleet.killOne()
      inFlightAt.push(await inHands(place.url))
      await fleet.refill()
    }
  }
  await clients
  await allSettled(place.url)

  arrivals.check(publishing.eventIds, inFlightAt)
  await checkStore(place.url, events)
  return {
    times,
    events,
    'asked again': publishing.askedAgain,
    'answered from the key': publishing.replayed,
    duplicates: arrivals.duplicates,
    'in flight at kills': inFlightAt.reduce((sum, ids) => sum + ids.size, 0),
  }
}

interface Place extends AsyncDisposable {
  readonly url: string
  readonly folder: ProjectFolder
  /** Unless it is a file. */
  readonly server?: TestPostgres
}

async function placeOf(trouble: PublishThroughOptions['trouble']): Promise<Place> {
  const stanza = 'http: { timeout: 60s, circuit_breaker: { failure_threshold: 1000 } }'
  const stack = new AsyncDisposableStack()
  const dispose = { [Symbol.asyncDispose]: () => stack.disposeAsync() }
  if (trouble === 'host-killed') {
    const folder = stack.use(apiFolder({ store: 'sqlite:./store.db', stanza }))
    return { url: `sqlite:${folder.file('store.db')}`, folder, ...dispose }
  }
  const server = stack.use(trouble === 'server-restarted' ? ownPostgres() : testPostgres())
  const url = await server.database()
  const folder = stack.use(apiFolder({ store: url, stanza }))
  return { url, folder, server, ...dispose }
}

/** Hosts of one store, of which one may be missing for a moment. */
class Fleet implements AsyncDisposable {
  readonly #folder: ProjectFolder
  readonly #hosts: ApiProcess[] = []
  #turn = 0

  private constructor(folder: ProjectFolder) {
    this.#folder = folder
  }

  static async start(folder: ProjectFolder, size: number): Promise<Fleet> {
    const fleet = new Fleet(folder)
    await Promise.all(Array.from({ length: size }, () => fleet.refill()))
    return fleet
  }

  /** Another one each time. Killed ones are among them until they are replaced: that is what clients see, too. */
  any(): ApiProcess {
    this.#turn += 1
    const host = this.#hosts[this.#turn % this.#hosts.length]
    assert.ok(host)
    return host
  }

  async killOne(): Promise<void> {
    const index = Math.floor(Math.random() * this.#hosts.length)
    await this.#hosts[index]?.kill()
    if (this.#hosts.length > 1) this.#hosts.splice(index, 1)
  }

  async refill(): Promise<void> {
    const host = await runApi(this.#folder)
    if (this.#hosts[0]?.host.child.signalCode === 'SIGKILL') this.#hosts.splice(0, 1)
    this.#hosts.push(host)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#hosts.map((host) => host[Symbol.asyncDispose]()))
  }
}

/** What clients of the fleet publish, and what they are answered. */
class Publishing {
  readonly #fleet: Fleet
  readonly #events: number
  readonly #answered = new Map<number, string>()
  #next = 0
  askedAgain = 0
  replayed = 0

  constructor(fleet: Fleet, events: number) {
    this.#fleet = fleet
    this.#events = events
  }

  get eventIds(): readonly string[] {
    return [...this.#answered.values()]
  }

  /** Publishes one after another, until all are published. */
  async client(): Promise<void> {
    while (this.#next < this.#events) {
      const n = this.#next
      this.#next += 1
      const event = await this.#publish(n)
      // Whoever asks once more is told the same.
      if (n % 10 === 0) assert.equal(await this.#publish(n), event)
      this.#answered.set(n, event)
    }
  }

  async reached(count: number): Promise<void> {
    while (this.#answered.size < count) await sleep(5)
  }

  /** The event's id. */
  async #publish(n: number): Promise<string> {
    const giveUpAt = performance.now() + 60_000
    for (;;) {
      const answered = await this.#fleet
        .any()
        .publish({ idempotencyKey: `key-${n}`, body: anEvent({ n }) })
        .catch(() => undefined)
      if (answered?.status === 200) {
        if (answered.headers.get('idempotent-replayed') === 'true') this.replayed += 1
        return String(answered.json['event_id'])
      }
      if (answered !== undefined) assertTryAgain(answered)
      assert.ok(performance.now() < giveUpAt, `key-${n} has had no answer for a minute`)
      this.askedAgain += 1
      await sleep(20)
    }
  }
}

/** What a host may say instead of an answer: that it is not the moment. */
function assertTryAgain({ status, text, headers }: Answered): void {
  assert.ok(status === 503 || status === 409, `${status}: ${text}`)
  assert.ok(headers.get('retry-after'), text)
}

/** What the receiver took: by subscription and event, each id it came with, and how often. */
class Arrivals {
  readonly #taken = new Map<string, Map<string, number>>()

  get duplicates(): number {
    return [...this.#taken.values()].filter((ids) => sum(ids.values()) > 1).length
  }

  async answer({ path, text, headers }: ReceivedRequest): Promise<number> {
    const thing = `${path} ${JSON.parse(text).event_id}`
    const id = headers['webhook-id'] ?? ''
    const ids = this.#taken.get(thing) ?? new Map<string, number>()
    this.#taken.set(thing, ids.set(id, (ids.get(id) ?? 0) + 1))
    await sleep(Math.random() * 10)
    return 200
  }

  check(events: readonly string[], inFlightAt: readonly ReadonlySet<string>[]): void {
    const told = new Set(paths.flatMap((path) => events.map((event) => `${path} ${event}`)))
    assert.equal(told.size, paths.length * events.length, 'each key has an event of its own')
    assert.deepEqual(new Set(this.#taken.keys()), told)
    for (const [thing, ids] of this.#taken) {
      assert.equal(ids.size, 1, `${thing} arrived with ${ids.size} ids`)
      for (const [id, times] of ids) {
        const kills = inFlightAt.filter((held) => held.has(id)).length
        assert.ok(times <= 1 + kills, `${id} arrived ${times} times, in flight at ${kills} kills`)
      }
    }
  }
}

/** Ids of deliveries that hosts hold, dead ones too. */
async function inHands(url: string): Promise<ReadonlySet<string>> {
  await using store = await openStore(url)
  const ids = new Set<string>()
  let cursor: string | null | undefined
  while (cursor !== null) {
    const page = await store.deliveries({ state: 'sending', ...(cursor && { cursor }) })
    for (const { id } of page.rows) ids.add(id)
    cursor = page.nextCursor
  }
  return ids
}

async function allSettled(url: string): Promise<void> {
  await using store = await openStore(url)
  const giveUpAt = performance.now() + 120_000
  for (;;) {
    const { pending, sending, dead, oldestPendingAt } = await store.backlog()
    assert.equal(dead, 0)
    if (oldestPendingAt === null) return
    const words = `${pending} pending, ${sending} sending after all that time`
    assert.ok(performance.now() < giveUpAt, words)
    await sleep(50)
  }
}

/** One event and one set of deliveries per key, and nothing beside them. */
async function checkStore(url: string, events: number): Promise<void> {
  await using store = await openStore(url)
  let deliveries = 0
  let cursor: string | null | undefined
  while (cursor !== null) {
    const page = await store.deliveries({ limit: 100, ...(cursor && { cursor }) })
    deliveries += page.rows.length
    cursor = page.nextCursor
  }
  assert.equal(deliveries, events * paths.length)
  const { total } = await store.auditPage({ action: 'event.published', offset: 0, limit: 1 })
  assert.equal(total, events)
}

function sum(numbers: Iterable<number>): number {
  return [...numbers].reduce((total, each) => total + each, 0)
}
