import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { CallbackBook } from '../../../src/callbacks/callback-book.ts'
import { dispatchWaiter, hostWaiter } from '../../../src/parking/callback-meta.ts'
import { openStore } from '../../../src/store/open-store.ts'
import type { Store } from '../../../src/store/store.ts'
import { testPostgres } from '../../helpers/postgres.ts'
import { type AnyJson, request } from '../../helpers/served-host.ts'
import { Fleet } from './fleet.ts'
import { type Intent, intents, Outside } from './outside.ts'
import { type EventName, eventNames, parkedProject } from './project.ts'

export interface ParkedKillsOptions {
  /** One host on SQLite, or three on one PostgreSQL. */
  readonly hosts: 1 | 3
  readonly kills: number
  /** Dispatches that are to be answered with 202. */
  readonly dispatches: number
  /** Whether the others are told of every kill, or of every second one only: else they notice after ten seconds. */
  readonly missed: 'always' | 'every-second'
}

/** Clients that dispatch at once. */
const clientCount = 8

/**
 * Kills hosts with SIGKILL at random moments while dispatches come in over HTTP, wait for approvals and workers, and go on.
 *
 * Asserts that every dispatch that was answered with 202 is done, as it was decided; that no phase began twice; that what nobody would allow never began; that
 * exactly those are lost (HOST_LOST) that were inside on or after at a kill; and that no callback is left over.
 */
export async function parkedKills(options: ParkedKillsOptions): Promise<Record<string, number>> {
  const { hosts, kills, dispatches, missed } = options
  await using ends = new AsyncDisposableStack()
  await using outside = await Outside.open(() => fleet.url)
  const url = await storeUrl(hosts, ends)
  using project = parkedProject(url ?? 'sqlite:./store.db', outside.url)
  await using store = await openStore(url ?? `sqlite:${project.folder.file('store.db')}`)
  await using fleet: Fleet = new Fleet(project.folder, store)
  for (let each = 0; each < hosts; each += 1) await fleet.grow()

  const clients = new Clients(fleet, dispatches)
  const running = clients.run()
  const bound = new Set<string>()
  for (let kill = 1; kill <= kills; kill += 1) {
    await Promise.race([clients.reached((dispatches * kill) / (kills + 1)), running])
    await sleep(Math.random() * 100)
    const isMissed = missed === 'always' || kill % 2 === 0
    for (const id of await fleet.killOne(isMissed)) bound.add(id)
    await fleet.grow()
  }
  await running
  await outside.answered()

  const asked = [...clients.parked.keys(), ...outside.dispatches.keys()]
  const done = await allDone(
    fleet,
    new Set([...asked, ...Map.groupBy(project.journal(), idIn).keys()]),
  )
  const untold = await noneLeft(store, outside)

  const began = Map.groupBy(project.journal(), idIn)
  for (const lines of began.values()) assert.equal(new Set(lines).size, lines.length, `${lines}`)
  for (const [id, intent] of outside.dispatches) {
    if (!isAllowed(intent)) assert.deepEqual(began.get(id) ?? [], [], `${id} was not allowed`)
  }
  for (const [id, asked] of clients.parked) check(id, asked, done.get(id), began.get(id) ?? [])
  const lost = [...done].filter(([, outcome]) => isLost(outcome)).map(([id]) => id)
  assert.deepEqual(new Set(lost), bound)
  return {
    kills,
    'answered 202': clients.parked.size,
    HOST_LOST: lost.length,
    'answers given again': outside.triedAgain,
    'callbacks nobody was told of': untold,
  }
}

async function storeUrl(hosts: 1 | 3, ends: AsyncDisposableStack): Promise<string | undefined> {
  return hosts === 1 ? undefined : ends.use(testPostgres()).database()
}

/** The dispatch that a line of the journal is about. */
function idIn(line: string): string {
  return line.split(' ')[1] ?? ''
}

interface Asked {
  readonly event: EventName
  readonly intent: Intent
}

/** Clients that dispatch one event after another, to whichever host is there. */
class Clients {
  readonly #fleet: Fleet
  readonly #count: number
  /** Those that were answered with 202. */
  readonly parked = new Map<string, Asked>()

  constructor(fleet: Fleet, count: number) {
    this.#fleet = fleet
    this.#count = count
  }

  /** Resolves when enough were answered with 202. */
  async run(): Promise<void> {
    await Promise.all(Array.from({ length: clientCount }, () => this.#client()))
  }

  async reached(count: number): Promise<void> {
    while (this.parked.size < count) await sleep(5)
  }

  async #client(): Promise<void> {
    while (this.parked.size < this.#count) {
      const event = anyOf(eventNames)
      const intent = event === 'lapse' ? 'ignore' : anyOf(intents)
      const id = await this.#dispatch(event, intent)
      if (id === undefined) await sleep(50)
      else this.parked.set(id, { event, intent })
    }
  }

  /** The id of a dispatch that is parked; `undefined`: it is over, or nobody knows. */
  async #dispatch(event: EventName, intent: Intent): Promise<string | undefined> {
    const answered = await request(`${this.#fleet.url}/api/v1/dispatch/${event}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ intent }),
    }).catch(() => undefined)
    // Answered before it could be parked, it is over: refused work has failed.
    if (answered?.status === 500) assert.match(answered.text, /CALLBACK_FAILED/)
    return answered?.status === 202 ? String(answered.json['data']?.['dispatchId']) : undefined
  }
}

/** What became of those that were parked, once all of them are done. */
async function allDone(
  fleet: Fleet,
  ids: ReadonlySet<string>,
): Promise<ReadonlyMap<string, AnyJson>> {
  const done = new Map<string, AnyJson>()
  const giveUpAt = performance.now() + 60_000
  for (const id of ids) {
    for (;;) {
      const { status, json } = await request(`${fleet.url}/api/v1/dispatches/${id}`)
      if (status === 404) break
      const { data = {} } = json
      if (String(data['state']) === 'done') {
        done.set(id, data)
        break
      }
      assert.ok(performance.now() < giveUpAt, `${id} is ${data['state']} after all that time`)
      await sleep(50)
    }
  }
  return done
}

function check(
  id: string,
  asked: Asked,
  outcome: AnyJson | undefined,
  began: readonly string[],
): void {
  assert.ok(outcome, `${id} was answered with 202, and nobody knows it`)
  if (isLost(outcome)) return
  const expected = expectedOf(asked)
  const words = `${JSON.stringify(asked)}: ${JSON.stringify(outcome)}`
  assert.equal(outcome['kind'], expected.kind, words)
  assert.deepEqual(
    began,
    expected.phases.map((phase) => `${phase} ${id}`),
    words,
  )
}

function expectedOf({ event, intent }: Asked) {
  // To a worker's result it does not matter what is in it.
  if (event === 'render' && intent === 'refuse') return { kind: 'failed', phases: ['on'] }
  if (event === 'render' || isAllowed(intent)) return { kind: 'completed', phases: ['on', 'after'] }
  return { kind: 'cancelled', phases: [] }
}

function isAllowed(intent: Intent): boolean {
  return intent === 'approve' || intent === 'extend'
}

function isLost(outcome: AnyJson): boolean {
  return Object.values(outcome['failures'] ?? {}).some(
    (failure: AnyJson) => String(failure['code']) === 'HOST_LOST',
  )
}

/**
 * Resolves when no callback waits, and no answer: to the number of those that were opened in a process which was killed before it could tell anybody. They wait
 * until their deadline, or until somebody answers; it comes now.
 */
async function noneLeft(store: Store, outside: Outside): Promise<number> {
  const book = new CallbackBook(store)
  const untold = new Set<string>()
  const giveUpAt = performance.now() + 60_000
  for (;;) {
    const { rows } = await book.list({ state: 'WaitingExternal' })
    for (const { id, meta } of rows) {
      if (outside.callbacks.has(id) || untold.has(id)) continue
      untold.add(id)
      const [dispatch] = await store.records('dispatches', [Object(meta).dispatch])
      assert.ok(dispatch === undefined || Object(dispatch.value).state === 'done')
      await book.heartbeat(id, 0)
    }
    const untaken = await Promise.all(
      [dispatchWaiter, hostWaiter].map((waiter) => book.answered(waiter, 100)),
    )
    if (rows.length === 0 && untaken.flat().length === 0) return untold.size
    const words = `${rows.length} wait, ${untaken.flat().length} are not taken after all that time`
    assert.ok(performance.now() < giveUpAt, words)
    await sleep(50)
  }
}

function anyOf<T>(choices: readonly [T, ...T[]]): T {
  return choices[Math.floor(Math.random() * choices.length)] ?? choices[0]
}
