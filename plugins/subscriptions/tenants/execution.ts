import type { DeliveryState, Scope } from 'carabiner'
import { type Static, type TUnsafe, Type } from 'typebox'
import { closed, Moment, oneOf, orNull } from '../schemas/fields.ts'

/** What can be said of an execution. */
export const executionStatuses = ['PENDING', 'DELIVERED', 'FAILED'] as const

const orNothing = (type: string): TUnsafe<unknown> =>
  Type.Unsafe({ anyOf: [{ type }, { type: 'null' }] })

/** One event on its way to one receiver of a tenant. */
export const Execution = Type.Object(
  {
    id: Type.String({ description: 'Of the delivery: `carabiner deliveries show` knows it' }),
    tenant: Type.String(),
    config: Type.String({ description: 'The name of the configuration' }),
    eventType: Type.String(),
    targetUrl: Type.String({ description: 'With credentials and query values masked' }),
    payload: Type.Unknown({ description: 'null once it was erased' }),
    status: oneOf(executionStatuses),
    attempts: Type.Integer({ minimum: 0 }),
    lastError: Type.Unsafe<string | null>(orNothing('string')),
    responseStatus: Type.Unsafe<number | null>(orNothing('integer')),
    createdAt: Moment,
    deliveredAt: orNull(Moment),
  },
  { ...closed, title: 'Execution' },
)

export type Execution = Static<typeof Execution>

/** What is kept of an execution beside its delivery. */
export interface ExecutionFacts {
  readonly tenant: string
  readonly config: string
  readonly eventType: string
  readonly targetUrl: string
}

/** What the delivery says of it. */
export interface ExecutionProgress {
  readonly id: string
  readonly state: DeliveryState
  readonly attempts: number
  readonly lastError: string | null
  readonly responseStatus: number | null
  /** UTC milliseconds. */
  readonly createdAt: number
  readonly settledAt: number | null
  readonly payload: unknown
}

/** An execution as it is shown: the query of its URL may hold a secret. */
export function executionOf(
  facts: ExecutionFacts,
  progress: ExecutionProgress,
  { redact }: Pick<Scope, 'redact'>,
): Execution {
  const { id, state, attempts, responseStatus, createdAt, settledAt, payload } = progress
  const status = statusOf(state)
  const { tenant, config, eventType, targetUrl } = facts
  return {
    id,
    tenant,
    config,
    eventType,
    targetUrl: redact(targetUrl),
    payload,
    status,
    attempts,
    lastError: status === 'DELIVERED' ? null : errorOf(progress),
    responseStatus,
    createdAt: new Date(createdAt).toISOString(),
    deliveredAt:
      status === 'DELIVERED' && settledAt !== null ? new Date(settledAt).toISOString() : null,
  }
}

/** What the last answer was; where there was none, why. */
function errorOf({ state, lastError, responseStatus }: ExecutionProgress): string | null {
  const isAnswer = responseStatus !== null && state !== 'cancelled'
  return isAnswer ? `http ${responseStatus}` : lastError
}

function statusOf(state: DeliveryState): Execution['status'] {
  switch (state) {
    case 'pending':
    case 'sending':
      return 'PENDING'
    case 'delivered':
      return 'DELIVERED'
    case 'dead':
    case 'cancelled':
      return 'FAILED'
  }
}
