import type { OwnSettlement } from '../copies.ts'
import { byteStrings, doubles, integers, texts, uuids } from './binary-array.ts'
import { type BinaryColumn, binaryColumn } from './binary-columns.ts'
import type { Row, Value } from './database.ts'
import { optionalText } from './parameters.ts'

/** Parameters of the routine that settles. */
export const settleParameters = 17

/** What the routine is called with that settles; a delivery is among these once. */
export function settleValues(
  settlements: readonly OwnSettlement[],
  now: number,
  sender: string,
): Value[] {
  const leavesDue = settlements.some(({ next }) => next.kind === 'pending' && next.dueAt <= now)
  return [sender, leavesDue, ...columns.map((column) => column(settlements))]
}

const columns: readonly BinaryColumn<OwnSettlement>[] = [
  // Of the settlement.
  binaryColumn(uuids, ({ id }) => id),
  binaryColumn(texts, ({ owner }) => owner),
  binaryColumn(texts, ({ next }) => next.kind),
  binaryColumn(doubles, ({ next }) => (next.kind === 'pending' ? next.dueAt : null)),
  binaryColumn(texts, ({ next }) => (next.kind === 'delivered' ? null : optionalText(next.reason))),
  binaryColumn(doubles, ({ next, at }) => (next.kind === 'pending' ? null : at)),
  // Of its attempt, where one was made.
  binaryColumn(integers, ({ attempt }) => attempt?.number),
  binaryColumn(doubles, ({ attempt }) => attempt?.startedAt),
  binaryColumn(doubles, ({ attempt }) => attempt?.durationMs),
  binaryColumn(texts, ({ attempt }) => attempt && JSON.stringify(attempt.phases)),
  binaryColumn(texts, ({ attempt }) => attempt?.outcome),
  binaryColumn(integers, ({ attempt }) => attempt?.status),
  binaryColumn(texts, ({ attempt }) =>
    attempt?.responseHeaders ? JSON.stringify(attempt.responseHeaders) : null,
  ),
  binaryColumn(texts, ({ attempt }) => attempt && optionalText(attempt.error)),
  binaryColumn(byteStrings, ({ attempt }) => attempt?.responseBody),
]

/** The places, from 0, of those that were not the owner's to settle, as the routine told them in a column. */
export function refusedPlaces(row: Row | undefined, column: string): ReadonlySet<number> {
  const places = row?.[column] as readonly number[]
  // The server counts from 1.
  return new Set(places.map((place) => place - 1))
}

/** Deliveries in rounds, in each of which there is one once: what comes second sees what the first came to. In the order of ids, so that no two hosts lock across. */
export function settleRounds<T extends { readonly settlement: OwnSettlement }>(
  settlements: readonly T[],
): T[][] {
  const rounds: T[][] = []
  const seen = new Map<string, number>()
  for (const placed of settlements) {
    const { id } = placed.settlement
    const round = seen.get(id) ?? 0
    seen.set(id, round + 1)
    rounds[round] ??= []
    rounds[round].push(placed)
  }
  return rounds.map((round) => round.sort((a, b) => (a.settlement.id < b.settlement.id ? -1 : 1)))
}
