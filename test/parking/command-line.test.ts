import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { openStore } from '../../src/store/open-store.ts'
import type { Store } from '../../src/store/store.ts'
import { carabiner } from '../helpers/cli.ts'
import { aGate, type Gate, sqlite, strangersBook, until } from './gate.ts'

describe('carabiner dispatch', () => {
  it('of what is parked: says what it waits for and exits 4', async () => {
    using gate = aGate(sqlite)

    const { code, out, err } = await dispatch(gate, 'cli')

    assert.equal(code, 4)
    assert.match(
      out,
      /^parked ship after \d+ ms\n {2}waits for gate: callback [0-9a-f-]{36} until /,
    )
    assert.match(err, /GET \/api\/v1\/dispatches\/[0-9a-f-]{36}/)
  })

  it('--wait-decision stays until it is decided', async () => {
    using gate = aGate(sqlite)
    await using store = await openStore(sqlite.replace('FOLDER', gate.folder.path))

    const dispatching = dispatch(gate, 'awaited', ['--wait-decision', '--json'])
    await strangersBook(store).complete(await parkedCallback(store), null)

    const { code, out, err } = await dispatching
    assert.equal(code, 0)
    assert.equal(JSON.parse(out).kind, 'completed')
    assert.match(err, /waiting for gate: callback /)
  })

  it('--wait-decision that is interrupted says that it is parked, exit 4', async () => {
    using gate = aGate(sqlite)
    await using store = await openStore(sqlite.replace('FOLDER', gate.folder.path))
    const interrupt = new AbortController()

    const dispatching = dispatch(gate, 'left', ['--wait-decision', '--json'], interrupt.signal)
    await parkedCallback(store)
    interrupt.abort('SIGINT')

    const { code, out } = await dispatching
    assert.equal(code, 4)
    assert.equal(JSON.parse(out).kind, 'parked')
    assert.deepEqual(gate.journal('left'), ['before'])
  })
})

function dispatch(
  gate: Gate,
  order: string,
  flags: readonly string[] = [],
  signal: AbortSignal = new AbortController().signal,
) {
  writeFileSync(gate.folder.file('carabiner.yaml'), gate.yaml)
  const args = ['dispatch', 'ship', '--params', JSON.stringify({ order }), ...flags]
  return carabiner(args, { cwd: gate.folder.path, signal })
}

/** The callback of the one dispatch of the store, once that is parked. */
async function parkedCallback(store: Store): Promise<string> {
  return until(async () => {
    const { rows } = await strangersBook(store).list()
    const [callback] = rows
    const [parked] = await store.records('dispatches', [String(Object(callback?.meta).dispatch)])
    return parked && callback?.id
  })
}
