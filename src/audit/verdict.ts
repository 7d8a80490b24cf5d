/** What is wrong with the trail. Rows are named by their ids where these are known, places by their number in the chain. */
export type AuditFault =
  | (RowFault & {
      /**
       * `edited`: it is not what was written. `moved`: it is, but the row before it is not the one it was written behind. `beyond`: it stands before
       * the beginning of its chain, or behind the end. `double`: another one stands in the same place.
       */
      readonly kind: 'edited' | 'moved' | 'beyond' | 'double'
      readonly chain: string
      readonly position: number
    })
  /** It belongs to no chain, and is not older than chains, or says it belongs to one that the store does not have. */
  | (RowFault & { readonly kind: 'loose'; readonly chain: string | null })
  /** Rows are not there any more: those from one place to another. */
  | {
      readonly kind: 'missing'
      readonly chain: string
      readonly from: number
      readonly to: number
    }
  /** What says where a chain ends or begins is not genuine. */
  | { readonly kind: 'head' | 'anchor'; readonly chain: string }
  /** A chain whose head is gone, or one that is on no roster. */
  | { readonly kind: 'lost-chain' | 'strange-chain'; readonly chain: string }
  /** The list of the chains of a key is not genuine. */
  | { readonly kind: 'roster'; readonly keyId: string }
  /** A head that was noted before is not in its chain any more. */
  | { readonly kind: 'rolled-back'; readonly chain: string; readonly position: number }

interface RowFault {
  readonly id: string
  /** As the row says, UTC milliseconds. */
  readonly createdAt: number
}

/** The end of a chain as it was found. */
export interface NotedHead {
  readonly chain: string
  readonly position: number
  readonly mac: string
}

export interface ChainVerdict extends NotedHead {
  readonly keyId: string
  /** `own`: the key that the store made for itself and keeps. `unknown`: nothing of the chain could be checked. */
  readonly key: 'given' | 'own' | 'unknown'
  readonly rows: number
  /** When its first row was written that is still there, UTC milliseconds; `null` without one. */
  readonly since: number | null
  /** How many rows retention has removed. */
  readonly removed: number
}

export interface AuditVerdict {
  /** Rows looked at: those of chains, and those that are older than chains. */
  readonly rows: number
  readonly chains: readonly ChainVerdict[]
  /** Rows that are older than chains: nothing is known of them. */
  readonly unchained: number
  /** The first of them, at most 1,000. */
  readonly faults: readonly AuditFault[]
  readonly faultCount: number
}

/** Whether every row could be checked, and nothing is wrong. */
export function isSound({ faultCount, chains }: AuditVerdict): boolean {
  return faultCount === 0 && chains.every(({ key }) => key !== 'unknown')
}

/** What is wrong, in a sentence. */
export function explainFault(fault: AuditFault): string {
  switch (fault.kind) {
    case 'edited':
      return `row ${fault.id} (${placeOf(fault)}) was edited: it is not what was written`
    case 'moved':
      return `row ${fault.id} (${placeOf(fault)}) is not where it was written: the row before it is another one`
    case 'beyond':
      return `row ${fault.id} (${placeOf(fault)}) was inserted: it stands outside of what its chain has`
    case 'double':
      return `row ${fault.id} (${placeOf(fault)}) was inserted: another one stands in its place`
    case 'loose':
      return fault.chain === null
        ? `row ${fault.id} was inserted: it belongs to no chain`
        : `row ${fault.id} says it belongs to chain ${fault.chain}, which is not there`
    case 'missing':
      return `chain ${fault.chain}: ${rangeOf(fault)} missing`
    case 'head':
      return `the head of chain ${fault.chain} is not genuine: rows may be missing at its end`
    case 'anchor':
      return `the anchor of chain ${fault.chain} is not genuine: rows may be missing at its beginning`
    case 'lost-chain':
      return `chain ${fault.chain} has no head any more`
    case 'strange-chain':
      return `chain ${fault.chain} is on no roster: no host has opened it`
    case 'roster':
      return `the roster of the chains of key ${fault.keyId} is gone or not genuine: chains may be missing`
    case 'rolled-back':
      return `row ${fault.position} of chain ${fault.chain} is not what it was when its head was noted, or gone`
  }
}

function placeOf({ chain, position }: { chain: string; position: number }): string {
  return `${position} of chain ${chain}`
}

function rangeOf({ from, to }: { from: number; to: number }): string {
  return from === to ? `row ${from} is` : `rows ${from} to ${to} are`
}
