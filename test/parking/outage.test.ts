import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { CarabinerError } from '../../src/errors.ts'
import { Validator } from '../../src/schema/validator.ts'
import { openStore } from '../../src/store/open-store.ts'
import type { Store } from '../../src/store/store.ts'
import { aGate, sqlite, startGate, strangersBook, until, waitingFor } from './gate.ts'

describe('a store that is away', () => {
  it('costs a line at its beginning and one at its end; then what was answered goes on', async () => {
    using gate = aGate(sqlite)
    const real = await openStore(sqlite.replace('FOLDER', gate.folder.path))
    const { store, cut } = cuttable(real)
    await using project = await startGate(gate, { store, logLevel: 'info' })
    const { host, logged } = project
    const said = (text: string) => logged.filter((line) => line.includes(text))
    const parked = await host.dispatch('ship', { order: 'patient' }, { park: 'return' })
    const deciding = host.outcomeOf(parked)

    const back = cut()
    await until(() => (said('parked dispatches wait').length > 0 ? true : undefined))
    await strangersBook(real).complete(waitingFor(parked).callbackId, null)
    await until(() => (back.refused > 6 ? true : undefined))
    back[Symbol.dispose]()

    assert.equal((await deciding).kind, 'completed')
    await until(() => (said('parked dispatches go on').length > 0 ? true : undefined))
    assert.equal(said('parked dispatches wait').length, 1)
    assert.equal(said('parked dispatches go on').length, 1)
  })

  it('when a dispatch shall be parked: it fails, and nothing of it is done', async () => {
    using gate = aGate(sqlite)
    const { store, cut } = cuttable(await openStore(sqlite.replace('FOLDER', gate.folder.path)))
    await using project = await startGate(gate, { store })

    using _away = cut()
    const outcome = await project.host.dispatch('ship', { order: 'unlucky' })

    assert.equal(outcome.kind, 'failed')
    assert.equal(outcome.kind === 'failed' && outcome.failures[0]?.code, 'STORE_UNAVAILABLE')
    assert.deepEqual(gate.journal('unlucky'), ['before'])
  })
})

describe('a reload', () => {
  it('while a dispatch is parked: the next assembly goes on', async () => {
    using gate = aGate(sqlite)
    await using project = await startGate(gate)
    const { host } = project
    const parked = await host.dispatch('ship', { order: 'reloaded' }, { park: 'return' })
    await host.reload(host.assembly, new Validator({ allErrors: true }))

    await host.scopeOf('gate').callbacks.book.complete(waitingFor(parked).callbackId, null)

    assert.equal((await host.outcomeOf(parked)).kind, 'completed')
    assert.deepEqual(gate.journal('reloaded'), ['before', 'resolved complete', 'on', 'after'])
  })

  it('while a handler awaits an answer: the assembly it runs in stays until that is over', async () => {
    using gate = aGate(sqlite)
    await using project = await startGate(gate)
    const { host } = project
    const deciding = host.dispatch('look', { order: 'kept' })
    const { book } = host.scopeOf('gate').callbacks
    const { id, dispatchId } = await until(async () => {
      const [callback] = (await book.list()).rows
      return callback && { id: callback.id, dispatchId: String(Object(callback.meta).dispatch) }
    })
    await until(async () => (await host.store.records('dispatches', [dispatchId]))[0])

    await host.reload(host.assembly, new Validator({ allErrors: true }))
    await book.complete(id, null)

    assert.equal((await deciding).kind, 'completed')
    assert.deepEqual(gate.journal('kept'), ['holds', 'resolved complete', 'after'])
  })

  it('whose host stops while a handler awaits an answer: it stops in time', async () => {
    using gate = aGate(sqlite)
    const project = await startGate(gate)
    const { host } = project
    const deciding = host.dispatch('look', { order: 'cut short' })
    await until(async () => (await host.scopeOf('gate').callbacks.book.list()).rows[0])
    await host.reload(host.assembly, new Validator({ allErrors: true }))

    const begun = performance.now()
    await project[Symbol.asyncDispose]()

    assert.equal((await deciding).kind, 'parked')
    assert.ok(performance.now() - begun < 4_000, 'the shutdown timeout is 5 s')
  })
})

interface Cut extends Disposable {
  /** Calls that were refused. */
  readonly refused: number
}

/** A store that can be cut off: every call is refused until it is back. */
function cuttable(real: Store): { readonly store: Store; cut(): Cut } {
  let isAway = false
  let refused = 0
  const refuse = async (): Promise<never> => {
    refused++
    throw new CarabinerError('STORE_UNAVAILABLE', 'the store is cut off')
  }
  const store = new Proxy(real, {
    get(target, property) {
      const value: unknown = Reflect.get(target, property, target)
      if (typeof value !== 'function') return value
      if (
        isAway &&
        ['writeRecords', 'records', 'findRecords', 'liveHosts'].includes(String(property))
      ) {
        return refuse
      }
      return (...given: unknown[]) => Reflect.apply(value, target, given)
    },
  })
  return {
    store,
    cut() {
      isAway = true
      return {
        get refused() {
          return refused
        },
        [Symbol.dispose]() {
          isAway = false
        },
      }
    },
  }
}
