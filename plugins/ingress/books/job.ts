import type { Scope, Store } from 'carabiner'
import { attemptError, isFirst } from './delivery.ts'
import type { IngressEvent } from './event.ts'
import { nameId } from './name-id.ts'

/** What was done, or is to be done, to bring an event to its integration: an attempt, or one that is to come. Times are UTC milliseconds. */
export interface Job {
  readonly id: string
  readonly eventId: string
  /** The endpoint whose queue it stands in. */
  readonly queueName: string
  readonly triggeredBy: 'webhook' | 'retry' | 'replay'
  readonly status: 'queued' | 'running' | 'succeeded' | 'failed'
  readonly attemptNo: number
  readonly scheduledAt: number
  readonly startedAt: number | null
  readonly completedAt: number | null
  readonly errorMessage: string | null
  readonly createdAt: number
}

/** When an attempt began that is under way, its event says. */
type Standing = Pick<IngressEvent, 'id' | 'status' | 'updatedAt'>
type Looking = Pick<Scope['store'], 'deliveries' | 'delivery'>
type Found = NonNullable<Awaited<ReturnType<Store['delivery']>>>
type Attempt = Found['attempts'][number]

/** The newest jobs of an event, newest first: nothing of them is stored, they are what its deliveries and their attempts say. */
export async function jobsOf(
  store: Looking,
  event: Standing,
  limit: number,
): Promise<readonly Job[]> {
  const { rows } = await store.deliveries({ messageIds: [event.id], limit })
  const found = await Promise.all(rows.map((row) => store.delivery(row.id)))
  return found
    .flatMap((each) => (each === undefined ? [] : jobsOfDelivery(each, event)))
    .sort((a, b) => b.createdAt - a.createdAt || b.attemptNo - a.attemptNo)
    .slice(0, limit)
}

function jobsOfDelivery(found: Found, event: Standing): readonly Job[] {
  const { delivery, attempts } = found
  const over = attempts.map((attempt, index) => attempted(found, attempt, attempts[index - 1]))
  const isOpen = delivery.state === 'pending' || delivery.state === 'sending'
  // Settled without a request: a veto, an integration that is switched off.
  const isUntried = !isOpen && attempts.length === 0
  return isOpen || isUntried ? [...over, untried(found, event)] : over
}

function attempted(found: Found, attempt: Attempt, previous: Attempt | undefined): Job {
  const { startedAt, durationMs, outcome, error, status } = attempt
  const isDone = outcome === 'delivered'
  return {
    ...jobOf(found, attempt.number),
    status: isDone ? 'succeeded' : 'failed',
    scheduledAt: previous === undefined ? found.delivery.createdAt : startedAt,
    startedAt,
    completedAt: startedAt + durationMs,
    errorMessage: isDone ? null : attemptError({ status, error }),
    createdAt: previous === undefined ? found.delivery.createdAt : endOf(previous),
  }
}

function untried(found: Found, event: Standing): Job {
  const { delivery, attempts } = found
  const last = attempts.at(-1)
  const isOpen = delivery.settledAt === null
  const isRunning = delivery.state === 'sending'
  return {
    ...jobOf(found, attempts.length + 1),
    status: isOpen ? (isRunning ? 'running' : 'queued') : 'failed',
    scheduledAt: delivery.dueAt,
    startedAt: isRunning ? begunAt(delivery, event) : null,
    completedAt: delivery.settledAt,
    errorMessage: isOpen ? null : delivery.lastError,
    createdAt: last === undefined ? delivery.createdAt : endOf(last),
  }
}

/** Of several deliveries at a time, the newest has said it last. While handlers are asked, it is when it was due. */
function begunAt({ dueAt }: Found['delivery'], { status, updatedAt }: Standing): number {
  return status === 'processing' ? Math.max(dueAt, updatedAt) : dueAt
}

function jobOf({ delivery, message }: Found, attemptNo: number) {
  return {
    id: nameId(`job/${delivery.id}/${attemptNo}`),
    eventId: message.id,
    queueName: delivery.endpoint,
    triggeredBy: triggerOf(delivery, attemptNo),
    attemptNo,
  }
}

function triggerOf(delivery: Found['delivery'], attemptNo: number): Job['triggeredBy'] {
  if (attemptNo > 1) return 'retry'
  return isFirst(delivery) ? 'webhook' : 'replay'
}

function endOf({ startedAt, durationMs }: Attempt): number {
  return startedAt + durationMs
}
