import type { MessageId } from '../../ids.ts'
import { type DueEndpoints, type DueWalk, dueAmong } from '../due-endpoints.ts'
import { checkCount } from '../record-lookup.ts'
import { beyondEntries } from '../record-text.ts'
import { tallyOf } from '../rows.ts'
import type { Tally } from '../tally.ts'
import type { Connections } from './connections.ts'
import type { Statement } from './database.ts'
import { isUuid } from './delivery-list.ts'
import { placeholders, text } from './parameters.ts'

/** Looks at deliveries of many messages, or many endpoints, at once. */
export class TallyTable {
  readonly #connections: Connections
  readonly #statements: ReturnType<typeof statementsOf>

  constructor(connections: Connections) {
    this.#connections = connections
    this.#statements = statementsOf(connections.schema)
  }

  async tally(messages: readonly MessageId[]): Promise<readonly Tally[]> {
    checkCount('messages', messages)
    const ids = messages.filter(isUuid)
    const rows = ids.length === 0 ? [] : await this.#connections.read(this.#statements.tally, [ids])
    const found = Map.groupBy(rows, (row) => row['message_id'])
    // The server tells ids in lower case.
    return messages.map((id) => tallyOf(found.get(id.toLowerCase()) ?? []))
  }

  async dueEndpoints({ prefix, after, now, visits }: DueWalk): Promise<DueEndpoints> {
    const rows = await this.#connections.read(this.#statements.due, [
      text(prefix),
      `${text(prefix)}${beyondEntries}`,
      text(after),
      now,
      visits,
    ])
    // The routine gives names as text.
    const visited = new Map(rows.map((row) => [row['endpoint'] as string, row['is_due']]))
    return dueAmong([...visited.keys()], visits, (endpoint) => visited.get(endpoint) === true)
  }
}

function statementsOf(schema: string) {
  return {
    tally: { name: 'tally', text: `SELECT * FROM ${schema}.tally($1)` },
    due: {
      name: 'due-endpoints',
      text: `SELECT * FROM ${schema}.due_endpoints(${placeholders(5)})`,
    },
  } satisfies Record<string, Statement>
}
