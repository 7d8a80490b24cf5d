import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Params } from '../../src/bus/params.ts'
import type { DispatchStand } from '../../src/bus/parking.ts'
import {
  type DispatchRecord,
  dispatchOf,
  putOfDispatch,
} from '../../src/parking/dispatch-record.ts'

describe('the params of a stored dispatch', () => {
  it('have no value where they had none: `null` might not match', () => {
    assert.deepEqual(stored({ note: undefined, list: [{ at: undefined }] }), { list: [{}] })
  })

  it('are whole however deep a request may nest them', () => {
    let params: Params = { at: 'the bottom' }
    for (let depth = 1; depth < 256; depth++) params = { below: params }

    assert.deepEqual(stored(params), params)
  })

  it('come back as they were, also those that no JSON can say', () => {
    const params = {
      amounts: [12n, -0, Number.NaN, Number.NEGATIVE_INFINITY],
      'a/b~': { at: new Date(5), never: new Date(Number.NaN), bytes: Uint8Array.of(0, 255) },
    }

    assert.deepEqual(stored(params), params)
  })
})

/** What is read of params that were written. */
function stored(params: Params): Params {
  const written = putOfDispatch({ ...record, stand: { ...stand, params } }, 'absent', 1_000)
  const { collection, id, value, content = null } = written
  const read = dispatchOf({ collection, id, version: 1, value, content, erasedAt: null })
  return read.record.stand.params
}

const stand: DispatchStand = {
  ...{ dispatchId: 'd1', traceId: 't1', event: 'ship', source: undefined, actor: undefined },
  ...{ depth: 0, workedMs: 1, phase: 'before', warnings: [], results: [], waits: [] },
  ...{ params: {}, isHeld: false },
  choice: {
    ...{ include: undefined, exclude: undefined, phases: undefined },
    ...{ first: false, onError: 'fail', timeoutMs: 30_000 },
  },
}

const record: DispatchRecord = {
  ...{ stand, state: 'parked', holder: 'h1', hasBegun: false, outcome: null },
  ...{ createdAt: 0, updatedAt: 0 },
}
