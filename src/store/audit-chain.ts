import type { AuditKey, AuditKeyring } from './audit-key.ts'

/** A line of the audit trail as it is stored and signed. */
export interface AuditText {
  readonly id: string
  readonly entityType: string
  readonly entityId: string
  readonly action: string
  readonly actor: string
  /** JSON, byte for byte. */
  readonly details: string
  readonly createdAt: number
}

/** How far a chain goes: the number of rows up to there since it was opened, and the MAC of the last of them. */
export interface ChainPlace {
  readonly position: number
  readonly mac: string
}

export interface SignedPlace extends ChainPlace {
  readonly keyId: string
  readonly signature: string
}

/** Rows of one writer, each signed together with the one before it. */
export interface AuditChain {
  /** `<host name>@<key id>`; `<host name>.2@<key id>` for the second of that name, and so on. */
  readonly name: string
  /** Its end. */
  readonly head: SignedPlace
  /** Its beginning: what retention has removed up to there. */
  readonly anchor: SignedPlace
}

/** Which chains a key has opened. */
export interface AuditRoster {
  readonly keyId: string
  /** Their names, sorted. */
  readonly chains: readonly string[]
  /** Rows that belong to no chain were all stored by then: the `seq` of the last. */
  readonly unchainedTo: number
  readonly signature: string
}

/** A row in its place. */
export interface ChainedRow extends ChainPlace {
  /** The MAC of the row it was put behind. */
  readonly previous: string
  readonly row: AuditText
}

/** Where a chain stands before its first row. */
const chainStart: ChainPlace = { position: 0, mac: '' }

/** What a chain is called: the name of its writer, which of those that have it at once, and the key. */
export function chainName(writer: string, slot: number, keyId: string): string {
  return `${slot === 1 ? writer : `${writer}.${slot}`}@${keyId}`
}

export function keyIdOf(chain: string): string {
  return chain.slice(chain.lastIndexOf('@') + 1)
}

export function openedChain(key: AuditKey, name: string): AuditChain {
  return {
    name,
    head: signPlace(key, 'head', name, chainStart),
    anchor: signPlace(key, 'anchor', name, chainStart),
  }
}

/** The roster of a key with one more chain. */
export function rosterWith(
  key: AuditKey,
  chain: string,
  known: Pick<AuditRoster, 'chains' | 'unchainedTo'>,
): AuditRoster {
  const chains = [...new Set([...known.chains, chain])].sort()
  const { unchainedTo } = known
  return { keyId: key.id, chains, unchainedTo, signature: signRoster(key, chains, unchainedTo) }
}

export function isGenuineRoster(key: AuditKey, roster: AuditRoster): boolean {
  return roster.signature === signRoster(key, roster.chains, roster.unchainedTo)
}

/** Rows put behind a place of a chain, in the order given. */
export function linked(
  key: AuditKey,
  chain: string,
  behind: ChainPlace,
  rows: readonly AuditText[],
): ChainedRow[] {
  let { position, mac: previous } = behind
  return rows.map((row) => {
    position += 1
    const mac = rowMac(key, chain, previous, row)
    const placed = { position, previous, mac, row }
    previous = mac
    return placed
  })
}

export function rowMac(key: AuditKey, chain: string, previous: string, row: AuditText): string {
  const { id, entityType, entityId, action, actor, details, createdAt } = row
  return key.sign(
    'row',
    chain,
    previous,
    id,
    entityType,
    entityId,
    action,
    actor,
    details,
    createdAt,
  )
}

export function signPlace(
  key: AuditKey,
  purpose: 'head' | 'anchor',
  chain: string,
  { position, mac }: ChainPlace,
): SignedPlace {
  const signature = key.sign(purpose, chain, position, mac)
  return { position, mac, keyId: key.id, signature }
}

/**
 * Whether a place was signed with the chain's key. An anchor may be signed with another one, by hosts that have got a new key since, but not with
 * the store's own. `undefined` when the key is not known.
 */
export function isGenuinePlace(
  keys: AuditKeyring,
  purpose: 'head' | 'anchor',
  chain: string,
  place: SignedPlace,
): boolean | undefined {
  const isOther = place.keyId !== keyIdOf(chain)
  const key = keys.get(place.keyId)
  if (isOther && (purpose === 'head' || key?.origin === 'own')) return false
  return key && signPlace(key, purpose, chain, place).signature === place.signature
}

function signRoster(key: AuditKey, chains: readonly string[], unchainedTo: number): string {
  return key.sign('roster', unchainedTo, ...chains)
}
