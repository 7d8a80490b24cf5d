import {
  type CircuitOpen,
  type Clock,
  type CompleteReply,
  type Deliveries,
  type HandlerContext,
  type NoReply,
  nextStep,
  type OutboundMessage,
  parseRetryAfter,
} from 'carabiner'
import { type Job, jobBody } from './job.ts'
import { type Condition, readReply } from './reply.ts'
import type { Worker } from './worker.ts'

/** What posting a job came to. */
export type Posted =
  | { readonly kind: 'taken'; readonly body: Uint8Array }
  | { readonly kind: 'failed'; readonly why: string; readonly shows: Condition }
  /** The event was over before anybody had it. */
  | { readonly kind: 'late' }

/** A job that nobody has. */
export type NotTaken = Exclude<Posted, { readonly kind: 'taken' }>

/** What posting needs of the host. */
export interface PostingParts {
  readonly deliveries: Pick<Deliveries, 'ask'>
  readonly clock: Clock
  /** At least 0, below 1. */
  readonly random: () => number
  /** Asked before a job is posted again: whether somebody has done it already. */
  readonly isDone: () => Promise<boolean>
}

type Context = Pick<HandlerContext, 'traceId' | 'depth' | 'signal' | 'deadline'>

/** Posts a job until somebody has it, or another request would not help, or does not fit before the event's deadline. */
export async function postJob(
  job: Job,
  worker: Worker,
  context: Context,
  { deliveries, clock, random, isDone }: PostingParts,
): Promise<Posted> {
  const { signal } = context
  const started = clock.monotonic()
  const budgetMs = context.deadline - clock.now()
  const policy = { ...worker.retry, maxTimeMs: Math.min(worker.retry.maxTimeMs, budgetMs) }

  for (let tries = 0; ; ) {
    const leftMs = budgetMs - (clock.monotonic() - started)
    const reply = await deliveries.ask(worker.id, messageOf(job, worker, context, tries + 1), {
      attempt: tries + 1,
      timeoutMs: Math.max(1, Math.min(worker.requestTimeoutMs, leftMs)),
      signal,
    })
    if (reply.kind !== 'circuit-open') tries += 1
    const taken = readReply(reply, worker.mode === 'sync')
    if (taken.kind === 'taken') return taken
    if (signal.aborted) return { kind: 'late' }
    const { why, shows } = taken
    if (taken.kind === 'refused') return { kind: 'failed', why, shows }
    if (taken.isTimeout && leftMs <= worker.requestTimeoutMs) return { kind: 'late' }

    const outcome = {
      kind: 'retryable',
      reason: why,
      retryAfterMs: retryAfterOf(reply, clock),
    } as const
    const ageMs = clock.monotonic() - started
    const step = nextStep({ outcome, tries: Math.max(1, tries), ageMs, policy, random: random() })
    if (step.kind !== 'again') {
      return { kind: 'failed', why: step.kind === 'dead' ? step.reason : why, shows }
    }
    if (!(await waited(clock, step.waitMs, signal))) return { kind: 'late' }
    if (await isDone()) return { kind: 'failed', why, shows }
  }
}

function messageOf(job: Job, worker: Worker, context: Context, attempt: number): OutboundMessage {
  const signature = job.callback?.signature ?? null
  return {
    id: job.id,
    origin: 'webhook',
    type: job.kind,
    contentType: 'application/json',
    body: jobBody(job, attempt),
    headers: signature === null ? {} : { 'x-awa-signature': signature },
    traceId: context.traceId,
    depth: context.depth + 1,
    to: [{ endpoint: worker.id }],
  }
}

function retryAfterOf(
  reply: CompleteReply | NoReply | CircuitOpen,
  clock: Clock,
): number | undefined {
  if (reply.kind === 'circuit-open') return undefined
  const headers = reply.kind === 'reply' ? reply.headers : (reply.head?.headers ?? [])
  return parseRetryAfter(headers, clock.now())
}

/** Whether the wait came to its end. */
async function waited(clock: Clock, ms: number, signal: AbortSignal): Promise<boolean> {
  return clock.sleep(ms, signal).then(
    () => true,
    () => false, // the only rejection there is: the signal's
  )
}
