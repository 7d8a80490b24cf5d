import type { HandlerContext, Scope } from 'carabiner'
import type { Asked } from './asking.ts'
import type { Verdict } from './verdict.ts'
import type { Webhook } from './webhook.ts'

/**
 * `parked`: left to the webhook's callback. `undecided`: the event was over before there was a decision. `not-asked`: too many shadow questions wait
 * already.
 */
type RecordedOutcome = Verdict['outcome'] | 'parked' | 'undecided' | 'not-asked'

/** What came of a question, or of the callback that it was left to. */
export interface Made {
  readonly asked: Asked
  readonly outcome: Exclude<RecordedOutcome, 'not-asked'>
  /** The callback that the question handed out; `null`: none. */
  readonly callback: string | null
  readonly by: 'reply' | 'callback'
}

/** What is remembered of a question that was left to a callback. */
interface Parked {
  /** Requests until the one that was answered with an ALLOW. */
  readonly tries: number
  /** From the question to now. */
  readonly durationMs: number
}

/** Counts every decision and writes its row in the audit trail. */
export interface DecisionRecord {
  /** Resolves when the row is stored. @throws {CarabinerError} STORE_UNAVAILABLE */
  made(webhook: Webhook, context: HandlerContext, made: Made): Promise<void>
  /** Counts a question that was never put. */
  notAsked(webhook: Webhook): void
  /** Looks a question up that was left to a callback. @throws {CarabinerError} STORE_UNAVAILABLE */
  parked(dispatchId: string, callback: string): Promise<Parked>
}

type RecordScope = Pick<Scope, 'metrics' | 'audit' | 'generation' | 'clock'> & {
  readonly store: Pick<Scope['store'], 'auditTrail'>
}

const row = { entityType: 'dispatch', action: 'decision.made' } as const
const durationBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]
const answerBuckets = [1, 10, 60, 300, 900, 3_600, 14_400, 86_400, 604_800, 2_592_000]

export function decisionRecord({
  metrics,
  audit,
  generation,
  clock,
  store,
}: RecordScope): DecisionRecord {
  const decisions = metrics.counter(
    'webhook_decisions_total',
    'Decisions of before webhooks; parked: left to a callback; allowed-by-failure and cancelled-by-failure: there was none',
    ['webhook', 'outcome', 'mode'],
  )
  const durations = metrics.histogram(
    'webhook_decision_seconds',
    'Time from the question to its reply, all tries and waits included',
    ['webhook'],
    durationBuckets,
  )
  const answers = metrics.histogram(
    'webhook_callback_seconds',
    'Time from the question to the end of its callback',
    ['webhook'],
    answerBuckets,
  )
  const count = ({ id, decision }: Webhook, outcome: RecordedOutcome): void =>
    decisions.add({ webhook: id, outcome, mode: decision.mode })

  return {
    async made(webhook, context, made) {
      const times = made.by === 'reply' ? durations : answers
      count(webhook, made.outcome)
      times.observe({ webhook: webhook.id }, made.asked.durationMs / 1_000)
      await audit({
        ...row,
        entityId: context.dispatchId,
        actor: context.actor ?? webhook.id,
        details: { ...detailsOf(webhook, context, made), generation },
      })
    },
    notAsked(webhook) {
      count(webhook, 'not-asked')
    },
    async parked(dispatchId, callback) {
      const { rows } = await store.auditTrail({ ...row, entityId: dispatchId, limit: 1_000 })
      const found = rows.find(({ details }) => details['callback'] === callback)
      // A callback that is kept alive longer than the trail: the question was put at least once.
      if (found === undefined) return { tries: 1, durationMs: 0 }
      const { tries, durationMs } = found.details
      const parkedMs = Math.max(0, clock.now() - found.createdAt)
      return { tries: Number(tries), durationMs: Number(durationMs) + parkedMs }
    },
  }
}

function detailsOf(
  { id, host, decision: { mode } }: Webhook,
  { event, dispatchId, dryRun }: HandlerContext,
  { asked: { decision, tries, durationMs }, outcome, callback, by }: Made,
): Readonly<Record<string, unknown>> {
  return {
    webhook: id,
    event,
    dispatch: dispatchId,
    outcome,
    by,
    callback,
    mode,
    dryRun,
    error: decision.kind === 'error' ? decision.error : null,
    reason: reasonOf(decision),
    tries,
    durationMs: Math.round(durationMs * 1_000) / 1_000,
    status: decision.status ?? null,
    host,
  }
}

function reasonOf(decision: Asked['decision']): string | null {
  switch (decision.kind) {
    case 'allow':
      return null
    case 'cancel':
      return decision.reason ?? null
    case 'error':
      return decision.why
  }
}
