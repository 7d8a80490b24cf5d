import {
  type HandlerContext,
  newId,
  type OutboundMessage,
  parseDuration,
  type Scope,
  type SendWait,
  signedForm,
} from 'carabiner'
import type { SubscriptionsConfig } from '../config.ts'
import { countersOf } from '../counters.ts'
import { payloadText } from '../publish.ts'
import type { Publication, publishEvent } from '../publish-event.ts'
import { unfitParams } from '../unfit-params.ts'
import { type Execution, type ExecutionFacts, executionOf } from './execution.ts'
import { executionRecord, executionsById } from './execution-book.ts'
import { isTold, type Receiver } from './receiver.ts'

type Context = HandlerContext<typeof publishEvent>

/** One receiver, and the delivery it gets. */
interface Task {
  readonly id: string
  readonly receiver: Receiver
}

/**
 * Stores what the receivers of a tenant are owed: the on handler of `subscriptions.publish` with a tenant. They get the payload alone, as canonical JSON.
 *
 * @throws {EventParamsError} its payload has no canonical form or is too large, its id is that of another message
 * @throws {CarabinerError} STORE_UNAVAILABLE
 */
export async function publishToTenant(
  scope: Scope<SubscriptionsConfig>,
  receivers: readonly Receiver[],
  context: Context,
): Promise<Publication> {
  try {
    return await store(scope, receivers, context)
  } catch (error) {
    throw unfitParams(error)
  }
}

async function store(
  scope: Scope<SubscriptionsConfig>,
  receivers: readonly Receiver[],
  context: Context,
): Promise<Publication> {
  const { params, source, traceId, depth } = context
  const { tenant = '', type } = params
  const now = scope.clock.now()
  const wait = waitOf(params.wait, context.deadline - now)
  const tasks = receivers
    .filter((each) => each.tenant === tenant && isTold(each, type))
    .map((receiver) => ({ id: newId(), receiver }))
  const id = params.id?.toLowerCase() ?? newId()
  const body = signedForm(['pyfly'], new TextEncoder().encode(payloadText(params.payload, source)))
  const message: OutboundMessage = {
    id,
    origin: 'publish',
    type,
    contentType: 'application/json',
    body,
    traceId,
    depth: depth + 1,
    tenant: erasableAs(tenant),
    to: tasks.map(({ id, receiver }) => ({ id, endpoint: receiver.endpoint.id })),
  }
  const sent = await scope.deliveries.send(tasks.length === 0 ? [] : [message], {
    records: tasks.map(({ id, receiver }) =>
      executionRecord(id, factsOf(receiver, type), now + scope.retentionMs),
    ),
    audit: [auditOf(id, context, tasks.length)],
    ...(wait && { wait }),
  })
  const executions =
    wait === undefined
      ? accepted(scope, tasks, { type, payload: params.payload, now })
      : await executionsById(
          scope,
          sent.map((delivery) => delivery.id),
        )
  return {
    event_id: id,
    accepted_at: new Date(now).toISOString(),
    ...countersOf(sent),
    executions: [...executions],
  }
}

/** As they are when nobody has waited for them. */
function accepted(
  scope: Pick<Scope, 'redact'>,
  tasks: readonly Task[],
  {
    type,
    payload,
    now,
  }: { readonly type: string; readonly payload: unknown; readonly now: number },
): readonly Execution[] {
  const untried = { state: 'pending', attempts: 0, lastError: null, responseStatus: null } as const
  const progress = { ...untried, payload, createdAt: now, settledAt: null }
  return tasks.map(({ id, receiver }) =>
    executionOf(factsOf(receiver, type), { ...progress, id }, scope),
  )
}

function factsOf({ tenant, config, targetUrl }: Receiver, eventType: string): ExecutionFacts {
  return { tenant, config, eventType, targetUrl }
}

function auditOf(
  id: string,
  { params: { tenant = '', owner, type }, actor = 'host' }: Context,
  deliveries: number,
) {
  const details = { tenant, owner: owner ?? null, type, deliveries }
  return { entityType: 'event', entityId: id, action: 'event.published', actor, details }
}

/** What is left of the dispatch's time after the wait, to tell what came of it. */
const tellingMs = 500

/** No longer than the dispatch may take: what is stored is not to be told as a failure. */
function waitOf(wait: string | number | undefined, leftMs: number): SendWait | undefined {
  if (wait === undefined) return undefined
  const askedMs = parseDuration(wait, { zero: true })
  return { ms: Math.max(0, Math.min(askedMs, leftMs - tellingMs)), until: 'settled' }
}

/** The tenant as `carabiner deliveries erase --tenant` names it: no owner is called so. */
function erasableAs(tenant: string): string {
  return `tenant/${tenant}`
}
