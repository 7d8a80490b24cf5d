import type { DatabaseSync } from 'node:sqlite'
import { firstLineOf } from './record-line.ts'
import type { Candidates, Match, MatchCount, RecordMatches } from './record-matches.ts'
import type { Words } from './record-parts.ts'
import { RowSet } from './row-set.ts'
import type { Look } from './search-looks.ts'

/** What the full-text index has under words, of lists that are rarer: nothing else is looked at. */
export interface ListedWords {
  /** Rows that stand in lists. */
  rowsOf(lists: readonly number[]): RowSet
  /** Looks at the next rows under words, as far as they stand there. */
  count(look: UnderWords, rows: RowSet, limit: number, bar: Match | undefined | null): MatchCount
}

/** A look under words. */
interface UnderWords extends Look {
  readonly among: Candidates & { readonly words: Words }
}

export function isUnderWords(look: Look): look is UnderWords {
  return look.among.words !== null
}

/** Places, and what waits for them. */
export const selectListed: string = `
  SELECT json_group_array(seq) AS seqs FROM (
    SELECT p.seq FROM json_each(?1) AS j CROSS JOIN record_places AS p ON p.line = ${firstLineOf('j.value')}
    UNION ALL SELECT seq FROM record_listings INDEXED BY record_listings_waiting WHERE waits_for IN (SELECT value FROM json_each(?1))
  )`

/** What is bound is a number with a fraction to SQLite, by which the index would not begin where it is to. */
export const selectUnderWords = `
  SELECT json_group_array(rowid) AS seqs FROM (
    SELECT rowid FROM record_parts WHERE record_parts MATCH ? AND rowid > CAST(? AS INTEGER) AND rowid <= CAST(? AS INTEGER)
    ORDER BY rowid LIMIT +?
  )`

export function listedWords(
  database: DatabaseSync,
  matches: Pick<RecordMatches, 'countGiven'>,
): ListedWords {
  const listed = database.prepare(selectListed)
  const underWords = database.prepare(selectUnderWords)

  return {
    rowsOf: (lists) => new RowSet(numbersIn(listed.get(JSON.stringify(lists)))),

    count({ query, among }, rows, limit, bar) {
      const { words, after, to } = among
      const found = numbersIn(underWords.get(words.query, after, to, limit))
      const only = found.filter((row) => rows.has(row))
      const last = found.at(-1) ?? to
      return {
        ...matches.countGiven(query, words, only, bar),
        looked: found.length,
        rest: found.length < limit ? undefined : { ...among, after: last },
      }
    },
  }
}

function numbersIn(row: Readonly<Record<string, unknown>> | undefined): readonly number[] {
  // What SQLite makes of numbers is an array of them.
  return JSON.parse(String(row?.['seqs'] ?? '[]')) as number[]
}
