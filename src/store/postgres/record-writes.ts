import type { RecordConflictError } from '../../errors.ts'
import type { OwnPut, OwnWrite } from '../record-write.ts'
import {
  binaryArray,
  byteStrings,
  doubles,
  type ElementType,
  integers,
  texts,
  uuids,
} from './binary-array.ts'
import { type BinaryColumn, binaryColumn } from './binary-columns.ts'
import type { Value } from './database.ts'
import { raised, raisedDetail } from './failure.ts'

/** What a write counts for beside its value and content. */
const writeBytes = 4 * 1024

/** What the routine is called with that writes records. */
export function recordWriteValues(writes: readonly OwnWrite[]): Value[] {
  return [binaryArray(integers, roundsOf(writes)), ...columns.map((column) => column(writes))]
}

const columns: readonly BinaryColumn<OwnWrite>[] = [
  binaryColumn(texts, ({ collection }) => collection),
  binaryColumn(texts, ({ id }) => id),
  binaryColumn(doubles, expectedOf),
  ofPuts(texts, ({ value }) => value),
  ofPuts(byteStrings, ({ content }) => content),
  ofPuts(texts, ({ keys }) => JSON.stringify(keys)),
  ofPuts(texts, ({ tenant }) => tenant),
  ofPuts(uuids, ({ messageId }) => messageId),
  ofPuts(doubles, ({ expiresAt }) => expiresAt),
]

function ofPuts<T>(type: ElementType<T>, cell: (put: OwnPut) => T | null): BinaryColumn<OwnWrite> {
  return binaryColumn(type, (write) => (write.kind === 'put' ? cell(write) : null))
}

/** Which of the writes met something else than it expects, and what; `undefined` when this is another error. */
export function recordConflict(
  error: unknown,
): { readonly place: number; readonly conflict: RecordConflictError['conflict'] } | undefined {
  const detail = raisedDetail(error, raised.recordConflict)
  if (detail === undefined) return undefined
  const [place, conflict] = detail.split(' ')
  // The routine counts from 1, and names conflicts as the error does.
  return { place: Number(place) - 1, conflict: conflict as RecordConflictError['conflict'] }
}

/** What no two callers of one transaction may both write: a conflict between them is for the second to hear of, not for both. */
export function touchedBy(write: OwnWrite): readonly string[] {
  const own = JSON.stringify([write.collection, write.id])
  if (write.kind === 'remove') return [own]
  return [own, ...write.keys.unique.map((text) => JSON.stringify([write.collection, null, text]))]
}

/** Bytes, as a group of calls counts them. */
export function sizeOfWrites(writes: readonly OwnWrite[]): number {
  let size = 0
  for (const write of writes) {
    size += writeBytes
    if (write.kind === 'put') size += write.value.length + (write.content?.byteLength ?? 0)
  }
  return size
}

/** The last place of each round, from 1: within one a record is written once, and all are puts or all are removed. */
function roundsOf(writes: readonly OwnWrite[]): number[] {
  const lasts: number[] = []
  let kind = writes[0]?.kind
  let seen = new Set<string>()
  writes.forEach((write, index) => {
    const record = JSON.stringify([write.collection, write.id])
    if (write.kind !== kind || seen.has(record)) {
      lasts.push(index)
      seen = new Set()
      kind = write.kind
    }
    seen.add(record)
  })
  lasts.push(writes.length)
  return lasts
}

/** As the routine knows it: -1 for none. Versions begin at 1: a number below is never met. */
function expectedOf({ expects }: OwnWrite): number | null {
  if (expects === undefined) return null
  return expects === 'absent' ? -1 : Math.max(expects, 0)
}
