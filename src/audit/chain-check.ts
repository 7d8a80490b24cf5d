import type { AuditChainStore } from '../store/audit.ts'
import { type AuditChain, type ChainedRow, isGenuinePlace, keyIdOf } from '../store/audit-chain.ts'
import type { AuditKeyring } from '../store/audit-key.ts'
import { ChainWalk } from './chain-walk.ts'
import type { AuditFault, ChainVerdict } from './verdict.ts'

export type Report = (fault: AuditFault) => void

/** Rows that are read at once. */
const pageRows = 1_000
/** Before every place there can be, and wrong ones, too. */
const beforeAll = Number.MIN_SAFE_INTEGER

/** Checks one chain up to the head it has at the start, while hosts may extend it and retention cut it. */
export class ChainCheck {
  readonly #store: AuditChainStore
  readonly #chain: AuditChain
  readonly #keys: AuditKeyring
  readonly #report: Report
  readonly #walk: ChainWalk

  constructor(store: AuditChainStore, chain: AuditChain, keys: AuditKeyring, report: Report) {
    this.#store = store
    this.#chain = chain
    this.#keys = keys
    this.#report = report
    this.#walk = new ChainWalk(chain, keys.get(keyIdOf(chain.name)), report)
  }

  async run(): Promise<Pick<ChainVerdict, 'rows' | 'since'>> {
    const { name, head } = this.#chain
    this.#checkEnds()
    let after = beforeAll
    while (after < head.position) {
      const page = await this.#store.chainedRows(name, after, pageRows)
      const upToHead = page.filter(({ position }) => position <= head.position)
      await this.#passOverRemoved(upToHead[0])
      for (const row of upToHead) this.#walk.visit(row)
      after = page.at(-1)?.position ?? head.position
    }
    await this.#passOverRemoved(undefined)
    this.#walk.end()
    await this.#checkBeyond()
    return { rows: this.#walk.rows, since: this.#walk.since }
  }

  #checkEnds(): void {
    const { name, head, anchor } = this.#chain
    if (!this.#keys.has(keyIdOf(name))) return
    if (isGenuinePlace(this.#keys, 'head', name, head) !== true) {
      this.#report({ kind: 'head', chain: name })
    }
    if (isGenuinePlace(this.#keys, 'anchor', name, anchor) !== true) {
      this.#report({ kind: 'anchor', chain: name })
    }
  }

  /** Rows that are not there may have been removed by retention since the chain was looked at. */
  async #passOverRemoved(next: ChainedRow | undefined): Promise<void> {
    const { head } = this.#chain
    const upTo = next === undefined ? head.position : next.position - 1
    if (upTo <= this.#walk.position) return
    const now = await this.#now()
    if (now === undefined || now.anchor.position <= this.#walk.position) return
    if (isGenuinePlace(this.#keys, 'anchor', now.name, now.anchor) === false) return
    this.#walk.skipTo(now.anchor)
  }

  /** What stands behind the head was written since, with a new head, or not by a host. */
  async #checkBeyond(): Promise<void> {
    const { name, head } = this.#chain
    const beyond = await this.#store.chainedRows(name, head.position, pageRows)
    if (beyond.length === 0) return
    const now = await this.#now()
    for (const row of beyond) {
      if (row.position > (now ?? this.#chain).head.position) this.#walk.beyond(row)
    }
  }

  async #now(): Promise<AuditChain | undefined> {
    const { chains } = await this.#store.auditChains()
    return chains.find(({ name }) => name === this.#chain.name)
  }
}
