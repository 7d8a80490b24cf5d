import type { AuditChains } from '../audit.ts'
import type { AuditText, ChainedRow } from '../audit-chain.ts'
import { type AuditCut, cutChains } from '../audit-cut.ts'
import { AuditWriter, type AuditWriterOptions, chainRows } from '../audit-writer.ts'
import { type Place, pageLimit, placeOfCursor, toPage } from '../paging.ts'
import { auditRowExists } from '../refusal.ts'
import { auditRowOfText } from '../rows.ts'
import type { AuditFilter, AuditPage, AuditPageQuery, AuditRow, Page } from '../store.ts'
import { AuditShelf } from './audit-shelf.ts'
import { Timeline } from './timeline.ts'

interface Entry extends Place {
  readonly row: AuditText
}

/** Who did what, newest first. */
export class AuditLog {
  readonly #entries = new Map<string, Entry>()
  readonly #timeline = new Timeline<Entry>(({ row }) => this.#entries.has(row.id))
  readonly #shelf = new AuditShelf()
  readonly #writer: AuditWriter
  #seq = 0

  constructor(options: AuditWriterOptions) {
    this.#writer = new AuditWriter(options, this.#shelf.ownKey)
  }

  /** Refuses what could not be added as a whole. */
  check(rows: readonly AuditText[]): void {
    const given = new Set<string>()
    for (const { id } of rows) {
      if (given.has(id) || this.#entries.has(id)) throw auditRowExists(id)
      given.add(id)
    }
  }

  /** @param rows - that `check` does not refuse */
  add(rows: readonly AuditText[]): void {
    if (rows.length === 0) return
    const { chain, place } = chainRows(this.#shelf, this.#writer, rows)
    this.#shelf.moveHead(chain, this.#writer.sign(chain, place))
    for (const row of rows) {
      this.#seq += 1
      const entry = { seq: this.#seq, at: row.createdAt, row }
      this.#entries.set(row.id, entry)
      this.#timeline.add(entry)
    }
  }

  page(filter: AuditFilter): Page<AuditRow> {
    const limit = pageLimit(filter.limit)
    const place = placeOfCursor('audit', filter.cursor)
    const found = this.#timeline.newest(place, limit + 1, ({ row }) => matches(row, filter))
    return toPage('audit', found, limit, identity, ({ row }) => auditRowOfText(row))
  }

  pageAt({ offset, limit, ...filter }: AuditPageQuery): AuditPage {
    const wanted = pageLimit(limit)
    const isWanted = ({ row }: Entry): boolean => matches(row, filter)
    const found = this.#timeline.newest(undefined, offset + wanted, isWanted).slice(offset)
    let total = 0
    for (const entry of this.#entries.values()) if (isWanted(entry)) total += 1
    return { rows: found.map(({ row }) => auditRowOfText(row)), total }
  }

  chains(): AuditChains {
    return this.#shelf.all()
  }

  chained(chain: string, after: number, limit: number): readonly ChainedRow[] {
    return this.#shelf.rows(chain, after, limit)
  }

  prune(before: number, limit: number): Promise<AuditCut> {
    return cutChains(this.#shelf.all().chains, limit, {
      cut: async (chain, rows) => {
        const gone = this.#shelf.cut(chain, before, rows, this.#writer)
        for (const { row } of gone) this.#remove(row)
        return { removed: gone.length, refused: [] }
      },
      cutUnchained: async () => 0,
    })
  }

  #remove({ id }: AuditText): void {
    this.#entries.delete(id)
    this.#timeline.removed()
  }
}

function matches(row: AuditText, { entityType, entityId, action, from }: AuditFilter): boolean {
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
