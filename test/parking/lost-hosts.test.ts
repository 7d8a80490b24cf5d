import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { openStore } from '../../src/store/open-store.ts'
import type { Store } from '../../src/store/store.ts'
import { type HostProcess, runHost } from '../helpers/host-process.ts'
import { aGate, type Gate, sqlite, startGate, strangersBook, until } from './gate.ts'

describe('a host that is killed', () => {
  it('while a dispatch is parked: the next one goes on, each phase once', async () => {
    using gate = aGate(sqlite)
    await using store = await openStore(urlOf(gate))
    await using killed = await runGate(gate)
    const { dispatchId, callbackId } = await parkOn(killed, 'ship', 'survivor')
    killed.child.kill('SIGKILL')
    await killed.exit()
    await strangersBook(store).complete(callbackId, null)

    await using next = await startGate(gate, { listen: true })
    await takeForDead(store, dispatchId)

    const done = await doneOn(next.url, dispatchId)
    assert.equal(done.kind, 'completed')
    assert.deepEqual(gate.journal('survivor'), ['before', 'resolved complete', 'on', 'after'])
  })

  it('while it works on one: that is over, and nothing of it is done again', async () => {
    using gate = aGate(sqlite)
    await using store = await openStore(urlOf(gate))
    await using killed = await runGate(gate)
    const { dispatchId, callbackId } = await parkOn(killed, 'ship', 'crash')
    await strangersBook(store).complete(callbackId, null)
    assert.equal(await killed.exit(), 'SIGKILL')

    await takeForDead(store, dispatchId)
    await using next = await startGate(gate, { listen: true })

    const done = await doneOn(next.url, dispatchId)
    const [failure] = done.failures
    assert.deepEqual([done.kind, done.phase, failure.code], ['failed', 'on', 'HOST_LOST'])
    assert.deepEqual(gate.journal('crash'), ['before', 'resolved complete', 'on'])
  })

  it('while a handler awaits an answer: that dispatch is lost, and its callback is withdrawn', async () => {
    using gate = aGate(sqlite)
    await using store = await openStore(urlOf(gate))
    await using killed = await runGate(gate)
    const dispatching = killed.dispatch('look', { order: 'held' }).catch(() => undefined)
    const [callback] = await until(async () => {
      const { rows } = await strangersBook(store).list()
      return rows.length === 0 ? undefined : rows
    })
    const dispatchId: string = Object(callback?.meta).dispatch
    await until(async () => (await store.records('dispatches', [dispatchId]))[0])
    killed.child.kill('SIGKILL')
    await killed.exit()
    await dispatching

    await takeForDead(store, dispatchId)
    await using next = await startGate(gate, { listen: true })

    const done = await doneOn(next.url, dispatchId)
    assert.deepEqual([done.kind, done.failures[0].code], ['failed', 'HOST_LOST'])
    const gone = await until(async () => {
      const [left] = await strangersBook(store).find([String(callback?.id)])
      return left === undefined ? true : undefined
    })
    assert.ok(gone)
  })

  it('before it has parked one: once the others know, there is nobody to answer, and the callback is gone', async () => {
    using gate = aGate(sqlite)
    await using store = await openStore(urlOf(gate))
    await using killed = await runGate(gate)
    const dispatching = killed.dispatch('ship', { order: 'stuck' }).catch(() => undefined)
    const callback = await until(async () => (await strangersBook(store).list()).rows[0])
    killed.child.kill('SIGKILL')
    await killed.exit()
    await dispatching
    await using next = await startGate(gate, { listen: true })

    const { book } = next.host.scopeOf('gate').callbacks
    const early = await book.heartbeat(callback.id, 60_000)
    await store.leave(Object(callback.meta).host)
    const late = await book.complete(callback.id, null)

    assert.deepEqual([early?.state, late], ['WaitingExternal', undefined])
    assert.deepEqual(await strangersBook(store).find([callback.id]), [undefined])
    assert.deepEqual(gate.journal('stuck'), ['before'])
  })
})

async function runGate(gate: Gate): Promise<HostProcess> {
  writeFileSync(gate.folder.file('carabiner.yaml'), gate.yaml)
  return runHost(gate.folder)
}

function urlOf({ folder }: Gate): string {
  return sqlite.replace('FOLDER', folder.path)
}

async function parkOn(
  host: HostProcess,
  event: string,
  order: string,
): Promise<{ readonly dispatchId: string; readonly callbackId: string }> {
  const { status, json } = await host.dispatch(event, { order })
  const outcome = Object(json['data'])
  assert.equal(status, 202)
  return { dispatchId: outcome.dispatchId, callbackId: outcome.waitingFor[0].callbackId }
}

/** As if the host that holds it had been silent for ten seconds. */
async function takeForDead(store: Store, dispatchId: string): Promise<void> {
  const [record] = await store.records('dispatches', [dispatchId])
  await store.leave(Object(record?.value).holder)
}

async function doneOn(url: string, dispatchId: string) {
  return until(async () => {
    const answer = await fetch(`${url}/api/v1/dispatches/${dispatchId}`)
    const { data } = Object(await answer.json())
    return data.state === 'done' ? data : undefined
  })
}
