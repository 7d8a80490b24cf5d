import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { openStore } from '../../src/store/open-store.ts'
import { type HostProcess, runHost } from '../helpers/host-process.ts'
import { type ReceivedRequest, receiver } from '../helpers/receiver.ts'
import { adjusterSource, type ProjectFolder, projectFolder } from '../helpers/start-host.ts'

export interface KillHostProcessOptions {
  readonly kills: number
  /** Dispatches that are to come to `completed`. */
  readonly messages: number
}

/** Requests the test has under way at once. */
const atOnce = 8

/**
 * Kills `carabiner run` with SIGKILL at random moments while dispatches come in over HTTP, and starts it again on its SQLite file.
 *
 * Asserts that every dispatch answered with `completed` arrives at its after-webhook; that what arrives twice has the same
 * `webhook-id` and had been in flight at a kill; and that a dispatch nobody had an answer to arrives as one message or none.
 */
export async function killHostProcess(
  options: KillHostProcessOptions,
): Promise<Record<string, number>> {
  const { kills, messages } = options
  const arrivals = new Arrivals()
  await using to = await receiver({ answers: [(request) => arrivals.answer(request)] })
  using folder = projectFolder({
    'carabiner.yaml': assembly(to.url),
    'adjuster.ts': adjusterSource,
  })
  const completed = new Set<string>()
  const inFlightAt: ReadonlySet<string>[] = []
  const quota = Math.ceil(messages / (kills + 1))

  for (let life = 0; life < kills; life += 1) {
    await using host = await runHost(folder)
    const until = completed.size + 1 + Math.floor(Math.random() * quota)
    const dispatching = dispatchUntil(host, completed, until)
    await dispatching.reached
    await sleep(Math.random() * 30)
    host.child.kill('SIGKILL')
    await host.exit()
    await dispatching.ended
    inFlightAt.push(await inHands(folder))
  }
  await using host = await runHost(folder)
  const dispatching = dispatchUntil(host, completed, messages)
  await dispatching.reached
  // What is completed after the last look at the store would not have arrived yet.
  await dispatching.ended
  await allSettled(folder)

  arrivals.check(completed, inFlightAt)
  return {
    kills,
    completed: completed.size,
    duplicates: arrivals.duplicates,
    'in flight at kills': inFlightAt.reduce((sum, ids) => sum + ids.size, 0),
  }
}

function assembly(url: string): string {
  return `host: { store: 'sqlite:./store.db', server: { port: 0, allow_unauthenticated: true } }
connectors: { adjuster: ./adjuster.ts, webhooks: webhooks }
webhooks:
  - name: told
    events: after:adjust
    url: ${url}
    secret: a-secret-of-this-test
    concurrency: 16
    backoff: { base: 500ms, factor: 1, max_tries: 1000 }
`
}

interface Dispatching {
  /** Resolves when so many dispatches have been answered with `completed`. */
  readonly reached: Promise<void>
  /** Resolves when no request is under way any more. */
  readonly ended: Promise<unknown>
}

/** Dispatches again and again, until there are enough or the host is gone. */
function dispatchUntil(host: HostProcess, completed: Set<string>, count: number): Dispatching {
  const reached = Promise.withResolvers<void>()
  let isGone = false
  const worker = async (): Promise<void> => {
    while (!isGone) {
      if (completed.size >= count) reached.resolve()
      // Past the count it goes on: the kill is to come in the middle of things.
      if (completed.size >= count + 50) return
      const answer = await host
        .dispatch('adjust', { component: 'web', amount: completed.size % 500 })
        .catch(() => undefined)
      if (answer === undefined) isGone = true
      else {
        assert.equal(answer.status, 200, answer.text)
        completed.add(String(answer.json['data']?.['dispatchId']))
      }
    }
  }
  const ended = Promise.all(Array.from({ length: atOnce }, worker))
  ended.then(
    () => reached.reject(new Error(`the host ended by itself: ${host.err()}`)),
    (error: unknown) => reached.reject(error),
  )
  return { reached: reached.promise, ended }
}

/** What the receiver took: by dispatch, each id its message came with, and how often. */
class Arrivals {
  readonly #taken = new Map<string, Map<string, number>>()
  #asked = 0

  get duplicates(): number {
    return [...this.#taken.values()].filter((ids) => sum(ids.values()) > 1).length
  }

  /** Takes most, after a moment; refuses every twentieth request. */
  async answer({ text, headers }: ReceivedRequest): Promise<number> {
    const { id, dispatch_id: dispatch } = JSON.parse(text)
    assert.equal(headers['webhook-id'], id)
    this.#asked += 1
    if (this.#asked % 20 === 0) return 503
    const ids = this.#taken.get(dispatch) ?? new Map<string, number>()
    this.#taken.set(dispatch, ids.set(id, (ids.get(id) ?? 0) + 1))
    await sleep(Math.random() * 10)
    return 200
  }

  check(completed: ReadonlySet<string>, inFlightAt: readonly ReadonlySet<string>[]): void {
    for (const dispatch of completed) {
      assert.ok(this.#taken.has(dispatch), `${dispatch} was completed and never arrived`)
    }
    for (const [dispatch, ids] of this.#taken) {
      assert.equal(ids.size, 1, `${dispatch} arrived with ${ids.size} ids`)
      for (const [id, times] of ids) {
        const kills = inFlightAt.filter((held) => held.has(id)).length
        assert.ok(times <= 1 + kills, `${id} arrived ${times} times, in flight at ${kills} kills`)
      }
    }
  }
}

/** Ids of the messages that the killed host still holds. */
async function inHands(folder: ProjectFolder): Promise<ReadonlySet<string>> {
  await using store = await openStore(`sqlite:${folder.file('store.db')}`)
  const ids = new Set<string>()
  let cursor: string | null | undefined
  while (cursor !== null) {
    const page = await store.deliveries({ state: 'sending', ...(cursor && { cursor }) })
    for (const { messageId } of page.rows) ids.add(messageId)
    cursor = page.nextCursor
  }
  return ids
}

async function allSettled(folder: ProjectFolder): Promise<void> {
  await using store = await openStore(`sqlite:${folder.file('store.db')}`)
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

function sum(numbers: Iterable<number>): number {
  return [...numbers].reduce((total, each) => total + each, 0)
}
