import {
  type CircuitOpen,
  type Clock,
  type CompleteReply,
  type Deliveries,
  type NoReply,
  nextStep,
  type OutboundMessage,
  parseRetryAfter,
} from 'carabiner'
import { type Decision, judge, type NoDecision } from './decision.ts'
import type { DecisionSettings } from './webhook.ts'

/** A question to a webhook: may this event happen? */
export interface Question {
  /** The same for every try. */
  readonly message: OutboundMessage
  readonly endpoint: string
  readonly settings: DecisionSettings
  /** Milliseconds the event has left; a try that would begin later is not made. */
  readonly budgetMs: number
  /** Aborted when nobody waits for the answer any more. */
  readonly signal: AbortSignal
}

/** What came of a question. */
export interface Asked {
  readonly decision: Decision
  /** Requests that were made; 0 when circuit or egress let nothing out. */
  readonly tries: number
  readonly durationMs: number
  /** Whether the event's deadline ended the question, rather than a limit of the endpoint's: then no `on_failure` applies. */
  readonly isOverdue: boolean
}

/** What asking needs of the host. */
export interface AskingParts {
  readonly deliveries: Pick<Deliveries, 'ask'>
  readonly clock: Clock
  /** At least 0, below 1. */
  readonly random: () => number
}

/**
 * Asks until there is a decision, or an error that another try would not mend, or no time for one.
 *
 * Retry-After lengthens a wait; one that does not fit ends the question at once. Never rejects.
 */
export async function askUntilDecided(question: Question, parts: AskingParts): Promise<Asked> {
  const { clock, deliveries, random } = parts
  const { message, endpoint, settings, signal } = question
  const started = clock.monotonic()
  const elapsed = (): number => clock.monotonic() - started
  const policy = {
    ...settings.retry,
    maxTimeMs: Math.min(settings.retry.maxTimeMs, question.budgetMs),
  }

  for (let tries = 0; ; ) {
    const ownLimitMs = Math.min(settings.timeoutMs, settings.retry.maxTimeMs - elapsed())
    const eventLimitMs = beforeTheEnd(question.budgetMs - elapsed())
    const reply = await deliveries.ask(endpoint, message, {
      attempt: tries + 1,
      timeoutMs: Math.max(1, Math.min(ownLimitMs, eventLimitMs)),
      replyLimit: settings.replyLimit,
      signal,
    })
    const decision = judge(reply)
    if (wasSent(reply)) tries += 1
    const done = (decided: Decision, isOverdue = false): Asked => ({
      decision: decided,
      tries,
      durationMs: elapsed(),
      isOverdue,
    })
    if (eventLimitMs < ownLimitMs && isTimeout(decision)) {
      // The event's deadline, not the endpoint's: nobody but the event may say that it is over.
      await waited(clock, question.budgetMs - elapsed(), signal)
      return done(decision, true)
    }
    if (decision.kind !== 'error' || !decision.again || signal.aborted) return done(decision)

    const outcome = {
      kind: 'retryable',
      reason: decision.why,
      retryAfterMs: retryAfterOf(decision, clock),
    } as const
    const step = nextStep({ outcome, tries, ageMs: elapsed(), policy, random: random() })
    if (step.kind !== 'again')
      return done(step.kind === 'dead' ? { ...decision, why: step.reason } : decision)
    if (!(await waited(clock, step.waitMs, signal))) return done(decision)
  }
}

/** Milliseconds before an event's deadline at which a request is ended, to see whether a veto's head has come. */
const lastLookMs = 25

function beforeTheEnd(leftMs: number): number {
  return leftMs - Math.min(lastLookMs, leftMs / 20)
}

function isTimeout(decision: Decision): boolean {
  return decision.kind === 'error' && decision.error === 'timeout'
}

function wasSent(reply: CompleteReply | NoReply | CircuitOpen): boolean {
  switch (reply.kind) {
    case 'reply':
      return true
    case 'no-reply':
      return reply.error !== 'egress'
    case 'circuit-open':
      return false
  }
}

function retryAfterOf({ retryAfter }: NoDecision, clock: Clock): number | undefined {
  return retryAfter === undefined
    ? undefined
    : parseRetryAfter([['retry-after', retryAfter]], clock.now())
}

/** Whether the wait came to its end. */
async function waited(clock: Clock, ms: number, signal: AbortSignal): Promise<boolean> {
  if (ms <= 0) return true
  return clock.sleep(ms, signal).then(
    () => true,
    () => false, // the only rejection there is: the signal's
  )
}
