import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { defineConnector } from '../../src/connector/define-connector.ts'
import type { Scope } from '../../src/connector/scope.ts'
import { startTestHost, type TestHost } from '../../src/testing/start-test-host.ts'

interface Pair extends AsyncDisposable {
  readonly one: Scope<unknown>
  readonly other: Scope<unknown>
}

/** Two connectors of one host that call everything by the same names. */
async function twoConnectors(): Promise<Pair> {
  const scopes: Scope<unknown>[] = []
  const connector = (name: string) =>
    defineConnector({ name, setup: (scope) => void scopes.push(scope) })
  const host: TestHost = await startTestHost({
    one: { connector: connector('one') },
    other: { connector: connector('other') },
  })
  const [one = assert.fail(), other = assert.fail()] = scopes
  return { one, other, [Symbol.asyncDispose]: () => host[Symbol.asyncDispose]() }
}

const note = { kind: 'put', collection: 'notes', id: 'a' } as const

describe('the records of a connector', () => {
  it('are its own: another finds nothing under the same name, and may use it', async () => {
    await using hosted = await twoConnectors()
    const { one, other } = hosted
    const entries = { by: ['x'] }
    await one.records.writeRecords([
      { ...note, expects: 'absent', value: 1, unique: ['u'], entries },
    ])

    const lookup = { collection: 'notes', index: 'by', entries: ['x'], limit: 10 }
    const found = [
      ...(await other.records.records('notes', ['a'])),
      ...(await other.records.lookUpRecords(lookup)),
      ...(await other.records.findRecords(lookup)),
    ]
    await other.records.writeRecords([
      { ...note, expects: 'absent', value: 2, unique: ['u'], entries },
    ])

    assert.deepEqual(found, [undefined])
    for (const [scope, value] of [
      [one, 1],
      [other, 2],
    ] as const) {
      const [byId] = await scope.records.records('notes', ['a'])
      const [byEntry] = await scope.records.lookUpRecords(lookup)
      const [onWalk] = await scope.records.findRecords(lookup)
      assert.deepEqual([byId?.value, byEntry?.value, onWalk?.value], [value, value, value])
      assert.deepEqual(
        [byId?.collection, byEntry?.collection, onWalk?.collection],
        ['notes', 'notes', 'notes'],
      )
    }
  })

  it('are written beside messages to the same place, and conflicts are told in its own words', async () => {
    await using hosted = await twoConnectors()
    const { one } = hosted
    const write = { ...note, expects: 'absent', value: 1 } as const
    await one.deliveries.send([], { records: [write] })

    const conflict = {
      code: 'RECORD_CONFLICT',
      collection: 'notes',
      id: 'a',
      conflict: 'exists',
      message: /`a` of `notes`/,
    }
    await assert.rejects(one.records.writeRecords([write]), conflict)
    await assert.rejects(one.deliveries.send([], { records: [write] }), conflict)
    assert.equal((await one.records.records('notes', ['a']))[0]?.version, 1)
  })
})

describe('limits and idempotency keys of a connector', () => {
  it('are its own', async () => {
    await using hosted = await twoConnectors()
    const { one, other } = hosted
    const rate = { count: 1, perMs: 3_600_000 }
    const allowed = async (scope: Scope<unknown>) => (await scope.limits.take('k', rate)).isAllowed
    const run = async (scope: Scope<unknown>, body: string) => {
      const request = { scope: 's', key: 'k', fingerprint: 'f' }
      const result = await scope.once.run(request, async () => ({ status: 200, body }))
      return 'answer' in result ? [result.kind, result.answer.body] : [result.kind]
    }

    const limited = [await allowed(one), await allowed(one), await allowed(other)]
    const once = [await run(one, 'first'), await run(one, 'second'), await run(other, 'third')]

    assert.deepEqual(limited, [true, false, true])
    assert.deepEqual(once, [
      ['done', 'first'],
      ['replayed', 'first'],
      ['done', 'third'],
    ])
  })

  it('keep an answer together with what is stored for it', async () => {
    await using hosted = await twoConnectors()
    const { one } = hosted
    const answered = { status: 200, body: 'made' }
    const request = { scope: 's', key: 'k', fingerprint: 'f' }

    const first = await one.once.run(request, async (slot) => {
      await one.deliveries.send([], { records: [{ ...note, value: 1 }, slot.record(answered)] })
      return answered
    })
    const second = await one.once.run(request, () => assert.fail('done twice'))

    assert.deepEqual([first.kind, second], ['done', { kind: 'replayed', answer: answered }])
    assert.equal((await one.records.records('notes', ['a']))[0]?.value, 1)
  })
})
