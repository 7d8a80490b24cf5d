import type { AuditChain, ChainedRow } from '../store/audit-chain.ts'
import { rowMac } from '../store/audit-chain.ts'
import type { AuditKey } from '../store/audit-key.ts'
import type { AuditFault } from './verdict.ts'

/** Goes along a chain, row by row, and tells what is wrong with it. */
export class ChainWalk {
  readonly #chain: AuditChain
  readonly #key: AuditKey | undefined
  readonly #report: (fault: AuditFault) => void
  #position: number
  #mac: string
  /** Whether it is known what the next row has to be linked to: not after a row that is missing or wrong. */
  #isLinked = true
  #rows = 0
  #since: number | null = null

  /** @param key - `undefined` when it is not known: then only places are checked */
  constructor(chain: AuditChain, key: AuditKey | undefined, report: (fault: AuditFault) => void) {
    this.#chain = chain
    this.#key = key
    this.#report = report
    this.#position = chain.anchor.position
    this.#mac = chain.anchor.mac
  }

  get position(): number {
    return this.#position
  }

  get rows(): number {
    return this.#rows
  }

  get since(): number | null {
    return this.#since
  }

  visit(row: ChainedRow): void {
    this.#rows += 1
    this.#since ??= row.row.createdAt
    if (row.position <= this.#chain.anchor.position) this.#fault('beyond', row)
    else if (row.position <= this.#position) this.#fault('double', row)
    else this.#follow(row)
  }

  /** A row that no end of the chain vouches for. */
  beyond(row: ChainedRow): void {
    this.#rows += 1
    this.#fault('beyond', row)
  }

  /** Retention has removed rows while they were walked along: goes on from where the chain begins now. */
  skipTo({ position, mac }: AuditChain['anchor']): void {
    this.#position = position
    this.#mac = mac
    this.#isLinked = true
  }

  /** Holds the end against the head. */
  end(): void {
    const { name, head } = this.#chain
    this.#reportMissing(head.position)
    if (this.#position === head.position && this.#isLinked && this.#mac !== head.mac) {
      this.#report({ kind: 'head', chain: name })
    }
  }

  #follow(row: ChainedRow): void {
    this.#reportMissing(row.position - 1)
    const isGenuine = this.#isGenuine(row)
    const isInPlace = !this.#isLinked || row.previous === this.#mac
    if (!isGenuine) this.#fault('edited', row)
    else if (!isInPlace) this.#fault('moved', row)
    this.#position = row.position
    this.#mac = row.mac
    this.#isLinked = isGenuine && isInPlace
  }

  #isGenuine(row: ChainedRow): boolean {
    if (this.#key === undefined) return true
    return rowMac(this.#key, this.#chain.name, row.previous, row.row) === row.mac
  }

  #reportMissing(to: number): void {
    const from = this.#position + 1
    if (to < from) return
    this.#report({ kind: 'missing', chain: this.#chain.name, from, to })
    this.#isLinked = false
    this.#position = to
  }

  #fault(kind: 'edited' | 'moved' | 'beyond' | 'double', { position, row }: ChainedRow): void {
    const { id, createdAt } = row
    this.#report({ kind, chain: this.#chain.name, position, id, createdAt })
  }
}
