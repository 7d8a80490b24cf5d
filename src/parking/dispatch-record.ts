import type { Outcome, Warning } from '../bus/outcome.ts'
import { json, outcomeToJson } from '../bus/outcome-json.ts'
import type { Params } from '../bus/params.ts'
import type { DispatchStand, PlacedResult } from '../bus/parking.ts'
import type { RecordPut, StoredRecord } from '../store/records.ts'
import { type BeyondJson, beyondJson, putBack } from './beyond-json.ts'
import { storedOutcome } from './stored-outcome.ts'

/** The host's own collection: that of a connector has the connector's id before a slash. */
export const dispatchCollection = 'dispatches'

/** Those that a process works on or holds, by its host's id. */
export const holderIndex = 'holder'

/** A dispatch that was parked, as it is stored. Its `stand` is the last one that was made durable. */
export interface DispatchRecord {
  readonly stand: DispatchStand
  readonly state: DispatchState
  /** The host that parked it, or goes on with it; `null` when it is done. */
  readonly holder: string | null
  /** Whether the phase it stands in has begun since: then nobody else can go on with it. */
  readonly hasBegun: boolean
  /** What came of it; `null` until it is done, and after an erasure. */
  readonly outcome: Outcome | null
  /** UTC milliseconds. */
  readonly createdAt: number
  readonly updatedAt: number
}

export type DispatchState = 'running' | 'parked' | 'done'

/** A record, and the version under which it can be replaced. */
export interface VersionedDispatch {
  readonly record: DispatchRecord
  readonly version: number
}

interface StoredValue
  extends Omit<DispatchRecord, 'stand' | 'outcome'>,
    Omit<DispatchStand, 'dispatchId' | keyof Erasable> {}

/** What an erasure finds: what was put in, and what came out. */
interface Erasable {
  readonly params: Params
  readonly source: string | undefined
  readonly results: readonly PlacedResult[]
  readonly warnings: readonly Warning[]
}

interface StoredContent extends Erasable {
  readonly outcome: unknown
  /** What stands in the params and no JSON can say; absent: nothing. */
  readonly beyond?: readonly BeyondJson[]
}

/** @param keptMs - how long it is kept when it is done */
export function putOfDispatch(
  record: DispatchRecord,
  expects: 'absent' | number,
  keptMs: number,
): RecordPut {
  const { stand, state, holder, hasBegun, createdAt, updatedAt } = record
  const { dispatchId, params: _, source: __, results: ___, warnings: ____, ...rest } = stand
  const value: StoredValue = { ...rest, state, holder, hasBegun, createdAt, updatedAt }
  return {
    kind: 'put',
    collection: dispatchCollection,
    id: dispatchId,
    expects,
    value,
    content: contentOf(record),
    entries: isTiedToProcess(record) ? { [holderIndex]: [String(holder)] } : {},
    expiresAt: state === 'done' ? updatedAt + keptMs : null,
  }
}

export function dispatchOf({ id, version, value, content }: StoredRecord): VersionedDispatch {
  // Only `putOfDispatch` writes the collection: what is in it has the shape it was given there.
  const { state, holder, hasBegun, createdAt, updatedAt, ...rest } = value as StoredValue
  const { outcome, beyond: _, ...erasable } = content === null ? erased : readContent(content)
  const stand: DispatchStand = { ...rest, ...erasable, dispatchId: id }
  const times = { createdAt, updatedAt }
  return {
    version,
    record: { stand, state, holder, hasBegun, outcome: storedOutcome(outcome), ...times },
  }
}

/** Whether it ends with the process that holds it: that process is looked after. */
function isTiedToProcess({ state, stand }: DispatchRecord): boolean {
  return state === 'running' || (state === 'parked' && stand.isHeld)
}

function contentOf({ stand, outcome }: DispatchRecord): Uint8Array {
  const { params, source, results, warnings } = stand
  const beyond = beyondJson(params)
  const stored = {
    params,
    ...(beyond.length > 0 && { beyond }),
    source: source ?? null,
    results: json(results),
    warnings: json(warnings),
    outcome: outcome === null ? null : outcomeToJson(outcome),
  }
  return Buffer.from(JSON.stringify(stored, asText), 'utf8')
}

/** JSON refuses bigints; those of params stand beside them, too. */
function asText(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value
}

/** Params come back as they were, a key without a value as none: `null` might not match. */
function readContent(content: Uint8Array): StoredContent {
  // Written by `contentOf`, of which this is the reverse.
  const read = JSON.parse(Buffer.from(content).toString('utf8')) as StoredContent
  putBack(read.params, read.beyond ?? [])
  return { ...read, source: read.source ?? undefined }
}

const erased: StoredContent = {
  params: {},
  source: undefined,
  results: [],
  warnings: [],
  outcome: null,
}
