import type { DatabaseSync } from 'node:sqlite'
import type { Entry } from './line-walk.ts'

/** Looks at the texts of some records. */
export interface TextWalk {
  /** Rows of the first so many that contain a text, or of all there are; `undefined` when they are not found among the first of the entries. */
  containing(
    text: string,
    entries: Iterable<Entry>,
    wanted: number,
    mostEntries: number,
  ): readonly number[] | undefined
  /** How many of these rows contain a text. */
  count(text: string, seqs: readonly number[]): number
}

/** Records that are looked at together: few at first, for what many contain. */
const firstChunk = 64
const largestChunk = 1_024

export const selectContaining = `
  SELECT c.value AS seq FROM json_each(?) AS c CROSS JOIN record_listings AS l ON l.seq = c.value WHERE instr(l.text, ?) > 0 ORDER BY c.key`

export const countContaining = `
  SELECT count(*) AS found FROM json_each(?) AS c CROSS JOIN record_listings AS l ON l.seq = c.value WHERE instr(l.text, ?) > 0`

export function textWalk(database: DatabaseSync): TextWalk {
  const select = database.prepare(selectContaining)
  const count = database.prepare(countContaining)

  return {
    containing(text, entries, wanted, mostEntries) {
      const found: number[] = []
      let looked = 0
      for (const seqs of chunks(entries, mostEntries)) {
        found.push(...select.all(JSON.stringify(seqs), text).map((row) => Number(row['seq'])))
        looked += seqs.length
        if (found.length >= wanted) return found.slice(0, wanted)
      }
      return looked < mostEntries ? found : undefined
    },

    count(text, seqs) {
      // In the order of the table, each is near the one before.
      const rows = Float64Array.from(seqs).sort()
      return Number(count.get(`[${rows.join()}]`, text)?.['found'])
    },
  }
}

/** The rows of the first so many entries. */
function* chunks(entries: Iterable<Entry>, most: number): Iterable<readonly number[]> {
  let chunk: number[] = []
  let size = firstChunk
  let taken = 0
  for (const { seq } of entries) {
    chunk.push(seq)
    taken += 1
    if (taken === most) break
    if (chunk.length < size) continue
    yield chunk
    chunk = []
    size = Math.min(largestChunk, size * 2)
  }
  yield chunk
}
