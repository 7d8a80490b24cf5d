import { compareBytes } from '../byte-order.ts'
import { permitWindowOf } from '../permit-window.ts'
import type { PermitRequest, Permits } from '../permits.ts'
import { doubles, integers, texts } from './binary-array.ts'
import { type BinaryColumn, binaryColumn } from './binary-columns.ts'
import type { Connections } from './connections.ts'
import type { Row, Statement } from './database.ts'
import { GroupedCalls } from './grouped-calls.ts'
import { placeholders, text } from './parameters.ts'

/** Requests that one transaction carries at most. */
const largestGroup = 500
/** Windows that one sweep forgets at most. */
const forgottenAtOnce = 5000

interface Taking extends PermitRequest {
  readonly key: string
}

/** So many per window, for all hosts on the store. */
export class PermitTable {
  readonly #connections: Connections
  readonly #statements: ReturnType<typeof statementsOf>
  readonly #calls: GroupedCalls<Taking, Permits>

  constructor(connections: Connections) {
    this.#connections = connections
    this.#statements = statementsOf(connections.schema)
    this.#calls = new GroupedCalls({
      run: (calls) => this.#take(calls),
      sizeOf: () => 1,
      largestGroup,
    })
  }

  take(key: string, request: PermitRequest): Promise<Permits> {
    return this.#calls.add({ ...request, key: text(key) })
  }

  /** Removes windows that are long over. */
  async forget(now: number): Promise<void> {
    await this.#connections.write(this.#statements.forget, [now, forgottenAtOnce])
  }

  idle(): Promise<void> {
    return this.#calls.idle()
  }

  /** By key, so that no two hosts lock across; those of one key as they came. */
  async #take(calls: readonly Taking[]): Promise<readonly Permits[]> {
    const asked = calls.map((taking, place) => ({ taking, place }))
    asked.sort((a, b) => compareBytes(a.taking.key, b.taking.key) || a.place - b.place)
    const takings = asked.map(({ taking }) => taking)
    const rows = await this.#connections.write(
      this.#statements.take,
      columns.map((column) => column(takings)),
    )
    const permits: Permits[] = []
    for (const [index, { taking, place }] of asked.entries()) {
      permits[place] = permitsOf(taking, rows[index])
    }
    return permits
  }
}

const columns: readonly BinaryColumn<Taking>[] = [
  binaryColumn(texts, ({ key }) => key),
  binaryColumn(doubles, ({ windowMs }) => windowMs),
  binaryColumn(doubles, (taking) => permitWindowOf(taking).resetsAt),
  binaryColumn(doubles, (taking) => permitWindowOf(taking).forgetAt),
  binaryColumn(integers, ({ wanted }) => wanted),
  binaryColumn(integers, ({ limit }) => limit),
]

function permitsOf(taking: Taking, row: Row | undefined): Permits {
  return {
    granted: Number(row?.['granted']),
    remaining: taking.limit - Number(row?.['taken']),
    resetsAt: permitWindowOf(taking).resetsAt,
  }
}

function statementsOf(schema: string) {
  return {
    take: {
      name: 'take-permits',
      text: `SELECT * FROM ${schema}.take_permits(${placeholders(6)})`,
    },
    forget: { name: 'forget-permits', text: `SELECT ${schema}.forget_permits($1, $2)` },
  } satisfies Record<string, Statement>
}
