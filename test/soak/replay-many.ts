import assert from 'node:assert/strict'
import { openStore } from '../../src/store/open-store.ts'
import { type CliProcess, carabiner, spawnCarabiner } from '../helpers/cli.ts'
import { runHost } from '../helpers/host-process.ts'
import { type ReceivedRequest, receiver } from '../helpers/receiver.ts'
import { request } from '../helpers/served-host.ts'
import { type ProjectFolder, projectFolder } from '../helpers/start-host.ts'

const owner = 'agent://acme/ops'
const headers = { 'x-api-key': 'key-of-the-operators', 'content-type': 'application/json' }
const perBatch = 100

export interface ReplayManyReport {
  readonly events: number
  /** Replayed when the command was interrupted: all of them when it was through before. */
  readonly 'replayed before': number
  readonly 'replayed after': number
}

/**
 * An owner's events are replayed on the command line beside a running host; the command is interrupted at a fifth of them, and goes on as it said.
 *
 * @throws when an event was replayed twice, or left out
 */
export async function replayMany({
  events,
  by,
}: {
  readonly events: number
  /** `SIGKILL`: it has no time to say how it goes on; what it said when it began must do. */
  readonly by: 'SIGINT' | 'SIGKILL'
}): Promise<ReplayManyReport> {
  using folder = projectFolder({ 'carabiner.yaml': assembly })
  await using endpoint = await receiver()
  await using host = await runHost(folder)
  const at = { cwd: folder.path }
  await carabiner(['subscriptions', 'add', endpoint.url, '--owner', owner, '--types', '*'], at)
  for (let from = 0; from < events; from += perBatch) {
    await publish(host.url, Math.min(perBatch, events - from))
  }
  await endpoint.requests(events)

  const words = ['subscriptions', 'replay', '--owner', owner, '--from', '1h', '--yes']
  await using first = spawnCarabiner(words, at)
  await replayed(folder, Math.ceil(events / 5), first)
  first.child.kill(by)
  const isOver = (await first.exit()) === 0
  const next = await carabiner(goOn(first.err(), words), at)
  assert.equal(next.code, 0, next.err)

  const after = Number(/replayed (\S+) of/.exec(next.out)?.[1]?.replaceAll(',', ''))
  assert.equal(isOver, after === 0, next.out)
  await endpoint.requests(2 * events)
  assertEachOnce(endpoint.received, events)
  return { events, 'replayed before': events - after, 'replayed after': after }
}

/** Resolves when so many are replayed, or the command has ended. */
async function replayed(
  folder: ProjectFolder,
  count: number,
  { child }: Pick<CliProcess, 'child'>,
): Promise<void> {
  await using store = await openStore(`sqlite:${folder.file('store.db')}`)
  for (let found = 0; found < count && child.exitCode === null; ) {
    const { rows } = await store.auditTrail({ action: 'event.replayed', limit: count })
    found = rows.length
  }
}

const assembly = `host: { store: "sqlite:./store.db", server: { port: 0 } }
connectors: { subscriptions: subscriptions }
subscriptions:
  event_types: any
  rate_limit: false
  api_keys: [{ key: key-of-the-operators, owner: "${owner}" }]
  egress: { default: trusted, http: true, ports: any }
`

async function publish(url: string, count: number): Promise<void> {
  const event = { event_type: 'order.created', source: 'tests', payload: {} }
  const body = JSON.stringify({ events: Array.from({ length: count }, () => event) })
  const answered = await request(`${url}/v1/webhooks/events/batch`, {
    method: 'POST',
    headers,
    body,
  })
  assert.equal(answered.status, 200, answered.text)
}

/** The command that goes on: as it was named at the end; or the same with what was said at the beginning. */
function goOn(said: string, words: readonly string[]): readonly string[] {
  const command = /^ {2}carabiner (.*)$/m.exec(said)?.[1]
  if (command !== undefined) return command.split(' ')
  const [, since = ''] = /--unless-replayed-since (\S+)/.exec(said) ?? []
  return [...words, '--unless-replayed-since', since]
}

function assertEachOnce(received: readonly ReceivedRequest[], events: number): void {
  const told = received.map(({ text }) => JSON.parse(text) as Told)
  const published = new Set(told.filter(({ replay }) => !replay).map((each) => each.event_id))
  const replayed = told.filter(({ replay }) => replay).map((each) => each.event_id)
  assert.equal(published.size, events)
  assert.equal(replayed.length, events, 'some were replayed twice, or left out')
  assert.deepEqual(new Set(replayed), published)
}

interface Told {
  readonly event_id: string
  readonly replay: boolean
}
