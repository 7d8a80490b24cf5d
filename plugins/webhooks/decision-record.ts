import type { HandlerContext, Scope } from 'carabiner'
import type { Asked } from './asking.ts'
import type { Verdict } from './verdict.ts'
import type { Webhook } from './webhook.ts'

/** `undecided`: the event was over before there was a decision. `not-asked`: too many shadow questions wait already. */
type RecordedOutcome = Verdict['outcome'] | 'undecided' | 'not-asked'

/** Counts every decision and writes its row in the audit trail. */
export interface DecisionRecord {
  /** Resolves when the row is stored. @throws {CarabinerError} STORE_UNAVAILABLE */
  made(
    webhook: Webhook,
    context: HandlerContext,
    asked: Asked,
    outcome: RecordedOutcome,
  ): Promise<void>
  /** Counts a question that was never put. */
  notAsked(webhook: Webhook): void
}

const durationBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]

export function decisionRecord({
  metrics,
  audit,
  generation,
}: Pick<Scope, 'metrics' | 'audit' | 'generation'>): DecisionRecord {
  const decisions = metrics.counter(
    'webhook_decisions_total',
    'Decisions of before webhooks; allowed-by-failure and cancelled-by-failure: there was none',
    ['webhook', 'outcome', 'mode'],
  )
  const durations = metrics.histogram(
    'webhook_decision_seconds',
    'Time from the question to its decision, all tries and waits included',
    ['webhook'],
    durationBuckets,
  )
  const count = ({ id, decision }: Webhook, outcome: RecordedOutcome): void =>
    decisions.add({ webhook: id, outcome, mode: decision.mode })

  return {
    async made(webhook, context, asked, outcome) {
      count(webhook, outcome)
      durations.observe({ webhook: webhook.id }, asked.durationMs / 1_000)
      await audit({
        entityType: 'dispatch',
        entityId: context.dispatchId,
        action: 'decision.made',
        actor: context.actor ?? webhook.id,
        details: { ...detailsOf(webhook, context, asked, outcome), generation },
      })
    },
    notAsked(webhook) {
      count(webhook, 'not-asked')
    },
  }
}

function detailsOf(
  { id, host, decision: { mode } }: Webhook,
  { event, dispatchId, dryRun }: HandlerContext,
  { decision, tries, durationMs }: Asked,
  outcome: RecordedOutcome,
): Readonly<Record<string, unknown>> {
  return {
    webhook: id,
    event,
    dispatch: dispatchId,
    outcome,
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
