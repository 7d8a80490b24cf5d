import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { eventually } from '../../../helpers/engine.ts'
import { FakeClock } from '../../../helpers/fake-clock.ts'
import { runHost } from '../../../helpers/host-process.ts'
import { nodeEnvironment } from '../../../helpers/node-environment.ts'
import { receiver } from '../../../helpers/receiver.ts'
import { projectFolder } from '../../../helpers/start-host.ts'
import { clientOf, type IngressHost, startIngress, yamlOf } from '../ingress-host.ts'

describe('a host that is killed', { timeout: 120_000, concurrency: true }, () => {
  it('while it delivers what it has answered: the event is delivered by the next', async () => {
    const arrived = Promise.withResolvers<void>()
    const never = new Promise<number>(() => undefined)
    const hold = (): Promise<number> => {
      arrived.resolve()
      return never
    }
    await using to = await receiver({ answers: [hold, 200] })
    const store = 'sqlite:./store.db'
    using folder = projectFolder({ 'carabiner.yaml': yamlOf({ callback: to.url, store }) })
    await using first = await runHost(folder)
    const id = await clientOf(first.url).accepted()
    await arrived.promise
    first.child.kill('SIGKILL')
    await first.exit()

    const clock = later()
    await using second = await startIngress({
      callback: to.url,
      stanza: patient,
      store: `sqlite:${folder.file('store.db')}`,
      clock,
    })
    await processed(second, id, clock)
    const duplicate = await second.post()

    assert.equal(duplicate.status, 200)
    assert.equal((await second.actions(id)).at(-2), 'event.processed')
    assert.deepEqual(
      new Set(to.received.map(({ headers }) => headers['webhook-id'])),
      new Set([id]),
    )
  })

  it('between commit and answer: the event is delivered, and the provider’s retry is a duplicate', async () => {
    await using to = await receiver()
    using folder = projectFolder({})
    const store = `sqlite:${folder.file('store.db')}`
    await dyingHost(store, to.url, 'after')
    const clock = later()

    await using host = await startIngress({ store, callback: to.url, stanza: patient, clock })
    const retried = await host.post()
    const id = String(retried.json['data']?.['eventId'])
    await processed(host, id, clock)

    assert.equal(retried.status, 200, retried.text)
    assert.deepEqual(
      to.received.map(({ headers }) => headers['x-event-id']),
      [id],
    )
  })

  it('before the commit: nothing is left, and the provider’s retry is taken', async () => {
    await using to = await receiver()
    using folder = projectFolder({})
    const store = `sqlite:${folder.file('store.db')}`
    await dyingHost(store, to.url, 'before')
    const clock = later()

    await using host = await startIngress({ store, callback: to.url, stanza: patient, clock })
    const before = await host.audit('')
    const retried = await host.post()
    await processed(host, String(retried.json['data']?.['eventId']), clock)

    assert.deepEqual(before, [])
    assert.equal(retried.status, 202, retried.text)
    assert.equal(to.received.length, 1)
  })
})

/** A time at which whoever was killed has been silent for long enough to be dead. */
function later(): FakeClock {
  return new FakeClock(Date.now() + 60_000)
}

/** However far the clock goes, requests are not over. */
const patient = 'timeout: 1h'

/** Resolves when the event is processed, however long what a dead host holds has to be waited for. */
async function processed(host: IngressHost, id: string, clock: FakeClock): Promise<void> {
  await eventually(async () => {
    await clock.advance(1_000)
    return String((await host.event(id))['status']) === 'processed'
  })
}

/** Posts a webhook to a host that does not live to answer it. */
async function dyingHost(store: string, callback: string, when: 'before' | 'after'): Promise<void> {
  const file = fileURLToPath(new URL('dying-host.ts', import.meta.url))
  const args = ['--conditions=source', file, store, callback, when]
  const child: ChildProcess = spawn(process.execPath, args, {
    env: nodeEnvironment(),
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  const [url] = await once(child, 'message')
  const ended = once(child, 'exit')

  await assert.rejects(clientOf(String(url)).post(), TypeError)

  const [, signal] = await ended
  assert.equal(signal, 'SIGKILL')
}
