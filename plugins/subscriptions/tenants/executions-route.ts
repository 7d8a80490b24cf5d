import { answer, type ConnectorRoute, type RecordPlace, RouteError } from 'carabiner'
import { type Static, Type } from 'typebox'
import type { SubscriptionsConfig } from '../config.ts'
import { closed, oneOf } from '../schemas/fields.ts'
import { namePattern } from './config.ts'
import { Execution, executionStatuses } from './execution.ts'
import { listExecutions } from './execution-book.ts'

const Name = Type.String({ pattern: namePattern })

const Query = Type.Object(
  {
    tenant: Type.Optional(Name),
    config: Type.Optional(Name),
    status: Type.Optional(oneOf(executionStatuses)),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000, default: 100 })),
    cursor: Type.Optional(
      Type.String({ maxLength: 512, description: '`meta.nextCursor` of the page before' }),
    ),
  },
  closed,
)

const Answer = Type.Object(
  {
    success: Type.Unsafe<true>({ const: true }),
    data: Type.Array(Execution, { maxItems: 1_000 }),
    meta: Type.Object(
      {
        nextCursor: Type.Unsafe<string | null>({
          description: 'null on the last page; a page may have fewer rows than its limit',
          anyOf: [{ type: 'string' }, { type: 'null' }],
        }),
      },
      closed,
    ),
  },
  closed,
)

/** `GET /api/v1/executions`: what tenants were told, newest first. */
export const executionsRoute: ConnectorRoute<SubscriptionsConfig> = {
  method: 'GET',
  path: '/api/v1/executions',
  query: Query,
  operation: {
    id: 'listExecutions',
    summary: 'What the receivers of tenants were told, newest first',
    tags: ['tenants'],
  },
  responses: { 200: { description: 'A page of executions', body: Answer } },
  async handle({ query }, scope) {
    const { limit = 100, cursor, ...filter } = query as Static<typeof Query> // checked before
    const after = cursor === undefined ? undefined : placeOf(cursor)
    const { executions, next } = await listExecutions(scope, { ...filter, after, limit })
    return answer(executions, { meta: { nextCursor: next === undefined ? null : cursorOf(next) } })
  },
}

function cursorOf({ entry, id }: RecordPlace): string {
  return Buffer.from(JSON.stringify([entry, id])).toString('base64url')
}

/** @throws {RouteError} 400 for what is no cursor */
function placeOf(cursor: string): RecordPlace {
  const [entry, id] = partsOf(Buffer.from(cursor, 'base64url').toString())
  if (typeof entry === 'string' && typeof id === 'string') return { entry, id }
  throw new RouteError({
    status: 400,
    code: 'VALIDATION_ERROR',
    message: 'query/cursor must be the nextCursor of this listing',
  })
}

function partsOf(text: string): readonly unknown[] {
  try {
    const parts: unknown = JSON.parse(text)
    return Array.isArray(parts) ? parts : []
  } catch {
    return [] // no cursor of ours: told by the caller
  }
}
