import { RecordConflictError } from '../../errors.ts'
import type { OwnPatch } from '../record-patch.ts'
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
import { listedJson } from './record-list-values.ts'

/** What a write counts for beside its value and content. */
const writeBytes = 4 * 1024

/** What the routine is called with that writes records. */
export function recordWriteValues(writes: readonly OwnWrite[]): Value[] {
  const rounds = roundsOf(writes)
  const ordered = rounds.flat()
  return [binaryArray(integers, lastsOf(rounds)), ...columns.map((column) => column(ordered))]
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
  binaryColumn(texts, (write) => (write.kind === 'patch' ? patchOf(write) : null)),
  ofPuts(texts, ({ collection, listed }) => listed && listedJson(collection, listed)),
]

function ofPuts<T>(type: ElementType<T>, cell: (put: OwnPut) => T | null): BinaryColumn<OwnWrite> {
  return binaryColumn(type, (write) => (write.kind === 'put' ? cell(write) : null))
}

/** JSON of two objects in one. */
function patchOf({ set, add, facets }: OwnPatch): string {
  return `{"set":${set},"add":${add},"facets":${JSON.stringify(facets)}}`
}

/** Which of the writes met something else than it expects, and what; `undefined` when this is another error. */
export function recordConflict(
  error: unknown,
  writes: readonly OwnWrite[],
): { readonly write: OwnWrite; readonly conflict: RecordConflictError } | undefined {
  const detail = raisedDetail(error, raised.recordConflict)
  if (detail === undefined) return undefined
  const [place, conflict] = detail.split(' ')
  // The routine counts from 1, in the order it was given them.
  const write = roundsOf(writes).flat()[Number(place) - 1]
  if (write === undefined) return undefined
  // It names conflicts as the error does.
  const met = conflict as RecordConflictError['conflict']
  return { write, conflict: new RecordConflictError(write, met, { cause: error }) }
}

/**
 * What no two callers of one transaction may both write: a conflict between them is for the second to hear of, not for both.
 * A patch meets none, and makes none but for who knows versions.
 */
export function touchedBy(write: OwnWrite): readonly string[] {
  if (write.kind === 'patch') return []
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

/**
 * Writes in rounds: within one a record is written once, and all are puts, or removals, or patches.
 *
 * Puts and removals keep their order, because they take unique texts over from each other. A patch only has to keep its place among the writes of
 * its own record: many share a round, however they were given.
 */
function roundsOf(writes: readonly OwnWrite[]): OwnWrite[][] {
  const rounds: OwnWrite[][] = []
  const lastOf = new Map<string, number>()
  for (const write of writes) {
    const record = JSON.stringify([write.collection, write.id])
    const place = placeIn(rounds, write, lastOf.get(record) ?? -1)
    lastOf.set(record, place)
    rounds[place] ??= []
    rounds[place].push(write)
  }
  return rounds
}

/** @param after - the last round that has its record */
function placeIn(rounds: readonly OwnWrite[][], { kind }: OwnWrite, after: number): number {
  const isOfPatches = (round: readonly OwnWrite[]): boolean => round[0]?.kind === 'patch'
  const place =
    kind === 'patch'
      ? rounds.findIndex((round, index) => index > after && isOfPatches(round))
      : rounds.findLastIndex((round) => !isOfPatches(round))
  const fits = place > after && rounds[place]?.[0]?.kind === kind
  return fits ? place : rounds.length
}

/** The last place of each round, from 1. */
function lastsOf(rounds: readonly OwnWrite[][]): number[] {
  let last = 0
  return rounds.map(({ length }) => {
    last += length
    return last
  })
}

/** As the routine knows it: -1 for none. Versions begin at 1: a number below is never met. */
function expectedOf(write: OwnWrite): number | null {
  if (write.kind === 'patch' || write.expects === undefined) return null
  const { expects } = write
  return expects === 'absent' ? -1 : Math.max(expects, 0)
}
