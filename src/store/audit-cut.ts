import {
  type AuditChain,
  type ChainedRow,
  type ChainPlace,
  isGenuinePlace,
  keyIdOf,
  rowMac,
  type SignedPlace,
  signPlace,
} from './audit-chain.ts'
import type { AuditKey, AuditKeyring } from './audit-key.ts'

/** What retention has done to the audit trail. */
export interface AuditCut {
  readonly removed: number
  /** Chains that are not what was written, and so were not touched: what is wrong with each. */
  readonly refused: readonly string[]
}

/** How rows go, in a transaction of its own for each call. */
export interface ChainCutter {
  /** At most `rows` of the first of a chain. */
  cut(chain: string, rows: number): Promise<AuditCut>
  /** At most `rows` that belong to no chain. */
  cutUnchained(rows: number): Promise<number>
}

/** Rows that one transaction removes at most, so that others get their turn. */
const batchRows = 500

/** Cuts one chain after the other, until `limit` rows are gone. */
export async function cutChains(
  chains: readonly Pick<AuditChain, 'name'>[],
  limit: number,
  cutter: ChainCutter,
): Promise<AuditCut> {
  let removed = 0
  const refused: string[] = []
  const steps = [
    async (rows: number) => ({ removed: await cutter.cutUnchained(rows), refused: [] }),
    ...chains.map(
      ({ name }) =>
        (rows: number) =>
          cutter.cut(name, rows),
    ),
  ]
  for (const step of steps) {
    for (let more = true; more && removed < limit; ) {
      const wanted = Math.min(batchRows, limit - removed)
      const cut = await step(wanted)
      removed += cut.removed
      refused.push(...cut.refused)
      more = cut.removed === wanted
    }
  }
  return { removed, refused }
}

/** What is to become of the beginning of a chain. */
export type CutDecision =
  | { readonly kind: 'keep' }
  | { readonly kind: 'remove'; readonly rows: number; readonly anchor: SignedPlace }
  | { readonly kind: 'refuse'; readonly reason: string }

/**
 * Decides how much of a chain's beginning goes, and signs where it begins then. What cannot be verified is not removed: it would be gone for good,
 * and the new beginning would vouch for it. Rows of a chain whose key is not known go by their age alone.
 *
 * @param rows - the first of the chain, in order
 * @param key - signs the new beginning
 */
export function decideCut(
  { name, anchor }: AuditChain,
  rows: readonly ChainedRow[],
  before: number,
  keys: AuditKeyring,
  key: AuditKey,
): CutDecision {
  const isGenuine = isGenuinePlace(keys, 'anchor', name, anchor)
  if (isGenuine === false || (isGenuine === undefined && keys.has(keyIdOf(name)))) {
    return { kind: 'refuse', reason: `the anchor of audit chain ${name} is not genuine` }
  }
  const young = rows.findIndex(({ row }) => row.createdAt >= before)
  const old = young === -1 ? rows : rows.slice(0, young)
  const last = old.at(-1)
  if (last === undefined) return { kind: 'keep' }
  const broken = firstBroken(name, anchor, old, keys.get(keyIdOf(name)))
  if (broken !== undefined) {
    const { id } = broken.row
    return {
      kind: 'refuse',
      reason: `row ${id} of audit chain ${name} is not what was written, or not where: see \`carabiner audit verify\``,
    }
  }
  return { kind: 'remove', rows: old.length, anchor: signPlace(key, 'anchor', name, last) }
}

function firstBroken(
  chain: string,
  anchor: ChainPlace,
  rows: readonly ChainedRow[],
  key: AuditKey | undefined,
): ChainedRow | undefined {
  let before = anchor
  return rows.find((each) => {
    const follows = each.position === before.position + 1 && each.previous === before.mac
    before = each
    return !follows || (key && rowMac(key, chain, each.previous, each.row)) !== (key && each.mac)
  })
}
