import type { AuditText } from '../audit-chain.ts'
import type { SlotRequest } from '../rate-slots.ts'
import { endpointStateOf } from '../rows.ts'
import type { EndpointState } from '../store.ts'
import type { AuditEnd, Extension } from './audit-end.ts'
import { auditRefusal, auditValues } from './audit-table.ts'
import type { Connections } from './connections.ts'
import type { Value } from './database.ts'
import { optionalText, placeholders, text } from './parameters.ts'

type Fields = Partial<Omit<EndpointState, 'endpoint'>>

/** What all hosts on the store know of each endpoint. */
export class EndpointTable {
  readonly #connections: Connections
  readonly #audit: AuditEnd
  /** The last write: what one host says of an endpoint is stored in the order in which it says it. */
  #last: Promise<unknown> = Promise.resolve()

  constructor(connections: Connections, audit: AuditEnd) {
    this.#connections = connections
    this.#audit = audit
  }

  /** @param endpoints - all when they are not given */
  async states(endpoints: readonly string[] | undefined): Promise<EndpointState[]> {
    const all = `SELECT * FROM ${this.#connections.schema}.endpoints`
    const rows =
      endpoints === undefined
        ? await this.#connections.read({ name: 'endpoints', text: `${all} ORDER BY endpoint` }, [])
        : await this.#connections.read(
            { name: 'some-endpoints', text: `${all} WHERE endpoint = ANY ($1) ORDER BY endpoint` },
            [endpoints.map(text)],
          )
    return rows.map(endpointStateOf)
  }

  /** @param audit - written in the same transaction */
  update(endpoint: string, fields: Fields, audit: readonly AuditText[]): Promise<void> {
    return this.#inTurn(() =>
      audit.length === 0
        ? this.#write(endpoint, fields)
        : this.#audit.extend(audit, (extension) => this.#write(endpoint, fields, extension)),
    )
  }

  takeProbe(endpoint: string, now: number, next: number): Promise<boolean> {
    return this.#inTurn(async () => {
      const taken = await this.#connections.write(
        {
          name: 'take-probe',
          text: `UPDATE ${this.#connections.schema}.endpoints SET probe_at = $3
            WHERE endpoint = $1 AND circuit <> 'closed' AND probe_at <= $2 RETURNING endpoint`,
        },
        [text(endpoint), now, next],
      )
      return taken.length === 1
    })
  }

  /** Resolves to the first of the places in time that were taken. */
  async takeSlots(endpoint: string, { count, intervalMs, now }: SlotRequest): Promise<number> {
    const [row] = await this.#connections.write(
      {
        name: 'take-slots',
        text: `INSERT INTO ${this.#connections.schema}.rates AS r (endpoint, taken_from, next_at) VALUES ($1, $2::double precision, $2 + $3::double precision)
          ON CONFLICT (endpoint) DO UPDATE SET taken_from = greatest(r.next_at, $2), next_at = greatest(r.next_at, $2) + $3
          RETURNING taken_from`,
      },
      [text(endpoint), now, count * intervalMs],
    )
    return row?.['taken_from'] as number
  }

  async #write(endpoint: string, fields: Fields, audit?: Extension): Promise<void> {
    const { schema, sender } = this.#connections
    const given = columnNames.filter(([field]) => fields[field] !== undefined)
    const columns = given.map(([, column]) => column)
    const values = given.map(([field]) => parameterOf(fields[field]))
    const holders = values.map((_, index) => `$${index + 3}`)
    const change =
      given.length === 0
        ? 'NOTHING'
        : `UPDATE SET ${columns.map((column) => `${column} = excluded.${column}`).join(', ')}`
    // What is only looked at by people is no reason to wake others.
    const tells = given.some(([field]) => !forPeople.has(field))
    const own = [text(endpoint), sender, ...values]
    const beside = audit === undefined ? [] : auditValues(audit)
    const added =
      audit === undefined
        ? ''
        : `, ${schema}.add_audit(${placeholders(beside.length, own.length + 1)})`
    const statement = `
      WITH written AS (
        INSERT INTO ${schema}.endpoints (${['endpoint', ...columns].join(', ')}) VALUES (${['$1', ...holders].join(', ')})
        ON CONFLICT (endpoint) DO ${change} RETURNING endpoint
      ) SELECT CASE WHEN ${tells} THEN ${schema}.tell($2) END${added}`
    try {
      await this.#connections.write({ text: statement }, [...own, ...beside])
    } catch (error) {
      throw auditRefusal(error) ?? error
    }
  }

  #inTurn<T>(write: () => Promise<T>): Promise<T> {
    const done = this.#last.then(write, write)
    this.#last = done
    return done
  }
}

const forPeople: ReadonlySet<keyof Fields> = new Set(['lastSuccessAt', 'lastErrorAt', 'lastError'])

const columnNames = [
  ['circuit', 'circuit'],
  ['consecutiveFailures', 'consecutive_failures'],
  ['probeAt', 'probe_at'],
  ['pausedUntil', 'paused_until'],
  ['disabledReason', 'disabled_reason'],
  ['disabledUrl', 'disabled_url'],
  ['missingSince', 'missing_since'],
  ['lastSuccessAt', 'last_success_at'],
  ['lastErrorAt', 'last_error_at'],
  ['lastError', 'last_error'],
] as const

function parameterOf(value: string | number | null | undefined): Value {
  return typeof value === 'string' ? optionalText(value) : (value ?? null)
}
