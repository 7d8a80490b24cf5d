import type { DatabaseSync, SQLInputValue, SQLOutputValue } from 'node:sqlite'
import type { ListRanks } from './list-ranks.ts'
import { preparedOnce } from './prepared.ts'
import type { Words } from './record-parts.ts'

/** What is searched for, in lists whose times have the same names. */
export interface MatchQuery {
  readonly text: string
  readonly ranks: ListRanks
  /** Whether some lists come before others, among all that are searched: maybe not among these. */
  readonly isRanked: boolean
  /** Which of their times orders them. */
  readonly order: number
  readonly isUp: boolean
  /** Whether every record is meant that is listed so, whatever its list and its times. */
  readonly isOfAll: boolean
  /** Only those with a time between two, inclusive. */
  readonly range: { readonly slot: number; readonly from: number; readonly to: number } | null
}

/** Rows to look at. */
export interface Candidates {
  /** Only those that the full-text index has under these words; `null`: each one. */
  readonly words: Words | null
  /** Rows behind this one, */
  readonly after: number
  /** and up to this. */
  readonly to: number
}

/** A record that contains the text. */
export interface Match {
  readonly rank: number
  readonly at: number
  readonly id: string
  readonly seq: number
}

/** What a look at some rows has come to. */
export interface MatchCount {
  /** Rows, or numbers that they may have. */
  readonly looked: number
  readonly found: number
  /** Of those found, which may come before the bar. */
  readonly contenders: readonly Match[]
  /** What is still to be looked at. */
  readonly rest: Candidates | undefined
}

/** Records that contain a text: most are only counted, where they stand, because they are on other pages. */
export interface RecordMatches {
  /** Looks at the next rows. @param bar - what comes after it is on no page that is wanted; `null`: everything does */
  count(
    query: MatchQuery,
    among: Candidates,
    limit: number,
    bar: Match | undefined | null,
  ): MatchCount
  /** Looks at some rows. @param words - under which the index has them; `null`: maybe not */
  countGiven(
    query: MatchQuery,
    words: Words | null,
    seqs: readonly number[],
    bar: Match | undefined | null,
  ): Pick<MatchCount, 'found' | 'contenders'>
  /** The first of what is found among the last rows; where the order goes up, among the first rows. */
  glance(query: MatchQuery, among: Candidates, limit: number, wanted: number): readonly Match[]
}

/** How a search is asked. */
interface Asked {
  /** Rows of a span, those that the index has under words, or some that are given. */
  readonly among: 'span' | 'words' | 'given'
  /** Whether the text itself is to be looked at. */
  readonly hasText: boolean
  readonly order: number
  /** `null` for all times. */
  readonly range: number | null
  readonly isRanked: boolean
  readonly isUp: boolean
  readonly isOfAll: boolean
}

/** Rows as they are bound. */
interface Rows {
  readonly after: number
  readonly to: number
  readonly limit: number
  /** Words, or numbers of rows. */
  readonly from: string | null
}

function isMatch({ hasText, range }: Asked): string {
  const contains = hasText ? 'instr(l.text, ?1) > 0' : '?1 IS NOT NULL'
  const isInRange = range === null ? '?3 < ?4' : `l.time_${range} BETWEEN ?3 AND ?4`
  return `${contains} AND ${isInRange} AND ${rank} > x'00000000'`
}

/** Lists that were made since have none. */
const rank = 'substr(?2, l.list * 4 + 1, 4)'

/** What is bound is a number with a fraction to SQLite, by which the index would not begin where it is to. */
const underWords =
  'record_parts MATCH ?8 AND rowid > CAST(?5 AS INTEGER) AND rowid <= CAST(?6 AS INTEGER)'

/** Rows of the index come in the order of the table, where each is next to the one before, mostly. */
function candidates(among: Asked['among'], isUp: boolean): string {
  const order = `ORDER BY seq ${isUp ? 'ASC' : 'DESC'} LIMIT +?7`
  const rows = {
    span: `SELECT seq FROM record_listings WHERE seq > ?5 AND seq <= ?6 AND ?8 IS NULL ${order}`,
    words: `SELECT rowid AS seq FROM record_parts WHERE ${underWords} ${order}`,
    given: 'SELECT value AS seq FROM json_each(?8)',
  }
  return `(${rows[among]}) AS c CROSS JOIN record_listings AS l ON l.seq = c.seq WHERE true`
}

export function countMatches(asked: Asked): string {
  const { among, order, isRanked, isUp } = asked
  const isBeforeBar = `(l.time_${order} ${isUp ? '<=' : '>='} ?9 OR ${isRanked ? `${rank} < ?10` : '?10 IS NULL'})`
  return among === 'span'
    ? `
  SELECT count(*) AS found, json_group_array(l.seq) FILTER (WHERE ${isBeforeBar}) AS contenders FROM ${span(asked)}`
    : `
  SELECT count(*) AS looked, max(l.seq) AS last, count(*) FILTER (WHERE ${isMatch(asked)}) AS found,
    json_group_array(l.seq) FILTER (WHERE ${isBeforeBar} AND ${isMatch(asked)}) AS contenders
  FROM ${candidates(among, true)}`
}

/** The same, where nothing that is found is wanted. */
export function countAlone(asked: Asked): string {
  const { among, hasText, isOfAll } = asked
  if (among === 'span') return `SELECT count(*) AS found FROM ${span(asked)}`
  return among === 'given' || hasText || !isOfAll
    ? `
  SELECT count(*) AS looked, max(l.seq) AS last, count(*) FILTER (WHERE ${isMatch(asked)}) AS found FROM ${candidates(among, true)}`
    : `
  SELECT count(*) AS looked, max(rowid) AS last, count(*) AS found FROM (
    SELECT rowid FROM record_parts WHERE ${underWords} ORDER BY rowid LIMIT +?7
  ) WHERE ?1 IS NOT NULL AND ?2 IS NOT NULL AND ?3 < ?4`
}

/** Of a span of rows it is cheaper to say where it ends than how many there are. */
function span(asked: Asked): string {
  return `record_listings AS l WHERE l.seq > ?5 AND l.seq <= min(?6, ?5 + ?7) AND ?8 IS NULL AND ${isMatch(asked)}`
}

export function selectGlance(asked: Asked): string {
  const { among, order, isUp } = asked
  const direction = isUp ? 'ASC' : 'DESC'
  return `
  SELECT l.seq, l.list, l.id, l.time_${order} AS at FROM ${candidates(among, isUp)} AND ${isMatch(asked)}
  ORDER BY ${rank}, at ${direction}, l.id ${direction} LIMIT +?9`
}

export function selectMatches(order: number): string {
  return `
  SELECT l.seq, l.list, l.id, l.time_${order} AS at FROM json_each(?) AS c CROSS JOIN record_listings AS l ON l.seq = c.value`
}

export function recordMatches(database: DatabaseSync): RecordMatches {
  const statement = preparedOnce(database)
  const nextRow = database.prepare('SELECT min(seq) AS seq FROM record_listings WHERE seq > ?')

  return {
    count(query, among, limit, bar) {
      const { words, after, to } = among
      const rows = { after, to, limit, from: words?.query ?? null }
      const row = countIn(
        query,
        askedOf(query, words, words === null ? 'span' : 'words'),
        rows,
        bar,
      )
      const looked = words === null ? Math.min(limit, to - after) : Number(row?.['looked'])
      return {
        looked,
        found: Number(row?.['found']),
        contenders: contenders(query, row?.['contenders']),
        rest: restOf(among, limit, looked, Number(row?.['last'])),
      }
    },

    countGiven(query, words, seqs, bar) {
      const rows = { after: 0, to: 0, limit: 0, from: JSON.stringify(seqs) }
      const row = countIn(query, askedOf(query, words, 'given'), rows, bar)
      return { found: Number(row?.['found']), contenders: contenders(query, row?.['contenders']) }
    },

    glance(query, { words, after, to }, limit, wanted) {
      const rows = statement(
        selectGlance(askedOf(query, words, words === null ? 'span' : 'words')),
      ).all(...valuesOf(query, { after, to, limit, from: words?.query ?? null }), wanted)
      return rows.map((row) => matchOf(query, row))
    },
  }

  function countIn(
    query: MatchQuery,
    asked: Asked,
    rows: Rows,
    bar: Match | undefined | null,
  ): Record<string, SQLOutputValue> | undefined {
    const values = valuesOf(query, rows)
    if (bar === null) return statement(countAlone(asked)).get(...values)
    const farthest = query.isUp ? Infinity : -Infinity
    const rank = query.ranks.bytesOf(bar?.rank ?? 0)
    return statement(countMatches(asked)).get(...values, bar?.at ?? farthest, rank)
  }

  function restOf(
    among: Candidates,
    limit: number,
    looked: number,
    last: number,
  ): Candidates | undefined {
    if (among.words !== null) return looked < limit ? undefined : { ...among, after: last }
    const end = among.after + limit
    if (end >= among.to) return undefined
    // Where records have gone there are no rows for a long way.
    const next = Number(nextRow.get(end)?.['seq'] ?? Infinity) - 1
    return next < among.to ? { ...among, after: next } : undefined
  }

  function contenders(query: MatchQuery, seqs: SQLOutputValue | undefined): readonly Match[] {
    if (typeof seqs !== 'string' || seqs === '[]') return []
    const rows = statement(selectMatches(query.order)).all(seqs)
    return rows.map((row) => matchOf(query, row))
  }
}

function askedOf(
  { order, range, isRanked, isUp, isOfAll }: MatchQuery,
  words: Words | null,
  among: Asked['among'],
): Asked {
  return {
    isOfAll,
    among,
    hasText: words?.isExact !== true,
    order,
    range: range?.slot ?? null,
    isRanked,
    isUp,
  }
}

function valuesOf(
  { text, ranks, range }: MatchQuery,
  { after, to, limit, from }: Rows,
): SQLInputValue[] {
  const { from: since, to: until } = range ?? { from: -Infinity, to: Infinity }
  return [text, ranks.bytes, since, until, after, to, limit, from]
}

function matchOf({ ranks }: MatchQuery, row: Record<string, SQLOutputValue>): Match {
  // The columns are as typed: the table is STRICT.
  return {
    rank: ranks.of(row['list'] as number) ?? 0,
    at: row['at'] as number,
    id: row['id'] as string,
    seq: row['seq'] as number,
  }
}
