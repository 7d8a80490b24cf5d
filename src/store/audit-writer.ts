import type { CarabinerError } from '../errors.ts'
import {
  type AuditChain,
  type AuditRoster,
  type AuditText,
  type ChainedRow,
  type ChainPlace,
  chainName,
  isGenuinePlace,
  linked,
  openedChain,
  rosterWith,
  type SignedPlace,
  signPlace,
} from './audit-chain.ts'
import { AuditKey, type AuditKeyring, auditKeyring } from './audit-key.ts'
import { storeUnavailable } from './unavailable.ts'

/** Who writes the audit trail of a store, and with which keys. */
export interface AuditWriterOptions {
  /** What its chain is called: a host's name. @defaultValue `carabiner` */
  readonly writer?: string
  /** The first one signs, the others may have signed before. @defaultValue the key that the store has made for itself */
  readonly keys?: readonly string[]
}

const defaultWriter = 'carabiner'

/** Where chains are kept, looked at and changed within one transaction. */
export interface ChainShelf {
  head(chain: string): SignedPlace | undefined
  /** Whether there is a row that says it belongs to a chain. */
  isTaken(chain: string): boolean
  rosters(): readonly AuditRoster[]
  /** The `seq` of the last row stored; 0 without one. */
  lastSeq(): number
  open(chain: AuditChain, roster: AuditRoster): void
  /** Puts a row in its place, unless that is taken. Tells whether it did. */
  put(chain: string, row: ChainedRow): boolean
  moveHead(chain: string, head: SignedPlace): void
}

/**
 * Puts rows of one writer into a chain of its own.
 *
 * A chain that somebody else extends at the same time, or whose head was tampered with, is left as it is: the writer goes on with the next of its
 * name. So no chain ever forks, hosts of the same name do not wait for each other, and nothing that was tampered with is vouched for.
 */
export class AuditWriter {
  readonly key: AuditKey
  /** The keys it was given, and the store's own. */
  readonly keys: AuditKeyring
  readonly #writer: string
  #slot = 1
  #lastSignature: string | undefined

  /** @param ownKey - the store's */
  constructor({ writer = defaultWriter, keys = [] }: AuditWriterOptions, ownKey: string) {
    const own = new AuditKey(ownKey, 'own')
    const given = keys.map((each) => new AuditKey(each, 'given'))
    this.key = given[0] ?? own
    this.keys = auditKeyring([own, ...given])
    // Rosters list chains line by line.
    this.#writer = writer.replaceAll(/\p{C}/gu, '_')
  }

  /** The chain it writes to now. */
  get chain(): string {
    return chainName(this.#writer, this.#slot, this.key.id)
  }

  /** Leaves the present chain to others. */
  stepAside(): void {
    this.#slot += 1
  }

  /** Whether a head may be gone on from. One of its own making is known by its signature. */
  trusts(head: SignedPlace): boolean {
    if (head.signature === this.#lastSignature) return true
    return isGenuinePlace(this.keys, 'head', this.chain, head) === true
  }

  /** Rows behind a place of the present chain. */
  link(from: ChainPlace, rows: readonly AuditText[]): readonly ChainedRow[] {
    return linked(this.key, this.chain, from, rows)
  }

  /** The head that a chain of its own has from now on. */
  sign(chain: string, end: ChainPlace): SignedPlace {
    const head = signPlace(this.key, 'head', chain, end)
    this.#lastSignature = head.signature
    return head
  }

  /** The present chain, new, and the roster that tells of it; `undefined` when there was one of this name. */
  opened(
    rosters: readonly AuditRoster[],
    lastSeq: number,
  ): { readonly chain: AuditChain; readonly roster: AuditRoster } | undefined {
    const own = rosters.find(({ keyId }) => keyId === this.key.id)
    if (own?.chains.includes(this.chain) === true) return undefined
    const unchainedTo = Math.min(...rosters.map((each) => each.unchainedTo), lastSeq)
    const roster = rosterWith(this.key, this.chain, own ?? { chains: [], unchainedTo })
    return { chain: openedChain(this.key, this.chain), roster }
  }
}

/** The end of a chain within a transaction: its head is signed once, before that commits. */
export interface ChainEnd {
  readonly chain: string
  readonly place: ChainPlace
}

/**
 * Stores rows of a writer, within a transaction that nobody else's overlaps, and gives the end of its chain then.
 *
 * @param end - of the chain, when the transaction has put rows there already
 */
export function chainRows(
  shelf: ChainShelf,
  writer: AuditWriter,
  rows: readonly AuditText[],
  end?: ChainEnd,
): ChainEnd {
  const from = end?.place ?? presentHead(shelf, writer)
  const placed = writer.link(from, rows)
  for (const row of placed) {
    if (!shelf.put(writer.chain, row)) throw placeTaken(writer, row)
  }
  return { chain: writer.chain, place: placed.at(-1) ?? from }
}

function presentHead(shelf: ChainShelf, writer: AuditWriter): SignedPlace {
  for (;;) {
    const head = shelf.head(writer.chain) ?? openPresent(shelf, writer)
    if (head !== undefined && writer.trusts(head)) return head
    writer.stepAside()
  }
}

function openPresent(shelf: ChainShelf, writer: AuditWriter): SignedPlace | undefined {
  if (shelf.isTaken(writer.chain)) return undefined
  const opened = writer.opened(shelf.rosters(), shelf.lastSeq())
  if (opened === undefined) return undefined
  shelf.open(opened.chain, opened.roster)
  return opened.chain.head
}

/** Somebody has put a row behind the head by other means. What is written again goes to another chain. */
function placeTaken(writer: AuditWriter, { position }: ChainedRow): CarabinerError {
  const { chain } = writer
  writer.stepAside()
  return storeUnavailable(`place ${position} of audit chain ${chain} is taken`)
}
