import { copyOfAuditRow } from '../copies.ts'
import { type Place, pageLimit, placeOfCursor, toPage } from '../paging.ts'
import { auditRowExists } from '../refusal.ts'
import type { AuditFilter, AuditPage, AuditPageQuery, AuditRow, Page } from '../store.ts'
import { Heap } from './heap.ts'
import { isBefore, Timeline } from './timeline.ts'

interface Entry extends Place {
  readonly row: AuditRow
}

/** Who did what, newest first. */
export class AuditLog {
  readonly #entries = new Map<string, Entry>()
  readonly #timeline = new Timeline<Entry>(({ row }) => this.#entries.has(row.id))
  readonly #byAge = new Heap<Entry>(isBefore, () => true)
  #seq = 0

  /** Refuses what could not be added as a whole; gives copies of the rows, to be added. */
  check(rows: readonly AuditRow[]): readonly AuditRow[] {
    const own = rows.map(copyOfAuditRow)
    this.#refuseDuplicates(own)
    return own
  }

  /** @param rows - as `check` gave them */
  add(rows: readonly AuditRow[]): void {
    for (const row of rows) {
      this.#seq += 1
      const entry = { seq: this.#seq, at: row.createdAt, row }
      this.#entries.set(row.id, entry)
      this.#timeline.add(entry)
      this.#byAge.push(entry)
    }
  }

  page(filter: AuditFilter): Page<AuditRow> {
    const limit = pageLimit(filter.limit)
    const place = placeOfCursor('audit', filter.cursor)
    const found = this.#timeline.newest(place, limit + 1, ({ row }) => matches(row, filter))
    return toPage('audit', found, limit, identity, ({ row }) => copyOfAuditRow(row))
  }

  pageAt({ offset, limit, ...filter }: AuditPageQuery): AuditPage {
    const wanted = pageLimit(limit)
    const isWanted = ({ row }: Entry): boolean => matches(row, filter)
    const found = this.#timeline.newest(undefined, offset + wanted, isWanted).slice(offset)
    let total = 0
    for (const entry of this.#entries.values()) if (isWanted(entry)) total += 1
    return { rows: found.map(({ row }) => copyOfAuditRow(row)), total }
  }

  /** Removes at most `limit` rows that are older. */
  prune(before: number, limit: number): number {
    for (let removed = 0; ; removed += 1) {
      const oldest = this.#byAge.peek()
      if (removed >= limit || oldest === undefined || oldest.at >= before) return removed
      this.#byAge.pop()
      this.#entries.delete(oldest.row.id)
      this.#timeline.removed()
    }
  }

  #refuseDuplicates(rows: readonly AuditRow[]): void {
    const given = new Set<string>()
    for (const { id } of rows) {
      if (given.has(id) || this.#entries.has(id)) throw auditRowExists(id)
      given.add(id)
    }
  }
}

function matches(row: AuditRow, { entityType, entityId, action, from }: AuditFilter): boolean {
  return (
    (entityType === undefined || row.entityType === entityType) &&
    (entityId === undefined || row.entityId === entityId) &&
    (action === undefined || row.action === action) &&
    (from === undefined || row.createdAt >= from)
  )
}

function identity<T>(value: T): T {
  return value
}
