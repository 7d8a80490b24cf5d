import type { AuditText, ChainedRow, SignedPlace } from '../audit-chain.ts'
import type { AuditWriter } from '../audit-writer.ts'
import { auditRosterOf } from '../rows.ts'
import { storeUnavailable } from '../unavailable.ts'
import type { Connections } from './connections.ts'
import { isDuplicateIn, raised, raisedDetail } from './failure.ts'

/** Rows in their places, and the head there is once they are stored. */
export interface Extension {
  readonly chain: string
  readonly from: SignedPlace
  readonly placed: readonly ChainedRow[]
  readonly head: SignedPlace
}

/** How often rows are put elsewhere because somebody was there first. */
const mostTries = 100

/**
 * The end of this process's audit chain, kept in mind between two transactions: rows are signed before they are sent, so that the key stays here,
 * and stored only if the chain still ends where it did.
 */
export class AuditEnd {
  readonly #connections: Connections
  readonly #writer: AuditWriter
  #head: SignedPlace | undefined
  #turn: Promise<unknown> = Promise.resolve()

  constructor(connections: Connections, writer: AuditWriter) {
    this.#connections = connections
    this.#writer = writer
  }

  /** Calls `write` with the rows in their places, again when others have taken these; after the calls before this one, so that they do not meet. */
  extend<T>(rows: readonly AuditText[], write: (extension: Extension) => Promise<T>): Promise<T> {
    const extended = this.#turn.then(() => this.#extend(rows, write))
    // Whoever called is told.
    this.#turn = extended.catch(() => undefined)
    return extended
  }

  async #extend<T>(
    rows: readonly AuditText[],
    write: (extension: Extension) => Promise<T>,
  ): Promise<T> {
    for (let tries = 1; ; tries += 1) {
      const from = this.#head ?? (await this.#present())
      const { chain } = this.#writer
      const placed = this.#writer.link(from, rows)
      const head = this.#writer.sign(chain, placed.at(-1) ?? from)
      // Of an error it is not always known whether all was stored: the head is looked for then.
      this.#head = undefined
      try {
        const written = await write({ chain, from, placed, head })
        this.#head = head
        return written
      } catch (error) {
        if (!isTaken(error) || tries === mostTries) throw error
        this.#writer.stepAside()
      }
    }
  }

  async #present(): Promise<SignedPlace> {
    for (let tries = 1; tries <= mostTries; tries += 1) {
      const { head, isUsed } = await this.#look()
      if (head !== undefined && this.#writer.trusts(head)) return head
      if (head !== undefined || isUsed || !(await this.#open())) this.#writer.stepAside()
    }
    throw storeUnavailable('no audit chain can be opened')
  }

  async #look(): Promise<{ readonly head: SignedPlace | undefined; readonly isUsed: boolean }> {
    const { schema } = this.#connections
    const [row] = await this.#connections.read(
      {
        text: `SELECT position::double precision AS position, mac, key_id, signature,
            EXISTS (SELECT FROM ${schema}.audit AS a WHERE a.chain = $1) AS is_used
          FROM (SELECT $1::text AS wanted) AS w LEFT JOIN ${schema}.audit_chains AS c ON c.chain = w.wanted`,
      },
      [this.#writer.chain],
    )
    const head = {
      position: row?.['position'] as number,
      mac: row?.['mac'] as string,
      keyId: row?.['key_id'] as string,
      signature: row?.['signature'] as string,
    }
    // Of a chain that is not there every column is NULL.
    return {
      head: row?.['signature'] === null ? undefined : head,
      isUsed: row?.['is_used'] === true,
    }
  }

  /** Tells whether the present chain may be looked for again: it was opened now, or others were about to open one. */
  async #open(): Promise<boolean> {
    const { schema } = this.#connections
    const found = await this.#connections.read({ text: selectRosters(schema) }, [])
    const [last] = await this.#connections.read(
      { text: `SELECT coalesce(max(seq), 0)::double precision AS seq FROM ${schema}.audit` },
      [],
    )
    const rosters = found.map(auditRosterOf)
    const opened = this.#writer.opened(rosters, Number(last?.['seq']))
    if (opened === undefined) return false
    const { chain, roster } = opened
    const base = rosters.find(({ keyId }) => keyId === roster.keyId)?.signature ?? null
    try {
      await this.#connections.write({ text: openChain(schema) }, [
        ...[roster.keyId, roster.chains.join('\n'), roster.unchainedTo, roster.signature, base],
        ...[chain.name, chain.head.mac, chain.head.signature, chain.anchor.signature],
      ])
    } catch (error) {
      if (!isDuplicateIn(error, 'audit_chains_pkey')) throw error
    }
    return true
  }
}

export function selectRosters(schema: string): string {
  return `SELECT key_id, chains, unchained_to::double precision AS unchained_to, signature FROM ${schema}.audit_rosters ORDER BY key_id`
}

/** Changes nothing unless the roster is still the one it was made from. */
function openChain(schema: string): string {
  return `
    WITH listed AS (
      INSERT INTO ${schema}.audit_rosters AS r (key_id, chains, unchained_to, signature) VALUES ($1, $2, $3, $4)
      ON CONFLICT (key_id) DO UPDATE SET chains = excluded.chains, unchained_to = excluded.unchained_to, signature = excluded.signature
        WHERE r.signature = $5
      RETURNING key_id
    )
    INSERT INTO ${schema}.audit_chains (chain, position, mac, key_id, signature, anchor_position, anchor_mac, anchor_key_id, anchor_signature)
    SELECT $6, 0, $7, key_id, $8, 0, $7, key_id, $9 FROM listed`
}

function isTaken(error: unknown): boolean {
  return (
    raisedDetail(error, raised.auditHeadMoved) !== undefined || isDuplicateIn(error, 'audit_place')
  )
}
