import type { Asked } from './asking.ts'
import type { Webhook } from './webhook.ts'

/** What a decision means for the event under the webhook's `on_failure`, before its `mode` is looked at. */
export type Verdict = Allowed | Cancelled

interface Allowed {
  readonly kind: 'allow'
  readonly outcome: 'allowed' | 'allowed-by-failure'
  readonly warnings: readonly string[]
}

interface Cancelled {
  readonly kind: 'cancel'
  readonly outcome: 'cancelled' | 'cancelled-by-failure'
  readonly reason: string
  /** What stands in the outcome's `details`. */
  readonly details: VetoDetails | ErrorDetails
  readonly warnings: readonly string[]
}

interface VetoDetails {
  readonly kind: 'veto'
  readonly status: number | null
  readonly host: string
  readonly reply: unknown
}

interface ErrorDetails {
  readonly kind: 'error'
  readonly error: string
  readonly status?: number
  readonly tries: number
}

/** Decides for the event. Nothing here turns a CANCEL into an ALLOW. */
export function verdictOf(asked: Asked, { id, host, decision: settings }: Webhook): Verdict {
  const { decision, tries } = asked
  switch (decision.kind) {
    case 'allow':
      return { kind: 'allow', outcome: 'allowed', warnings: decision.warnings }
    case 'cancel': {
      const { status, reply } = decision
      const details: VetoDetails = { kind: 'veto', status, host, reply }
      const readable = { kind: 'cancel', outcome: 'cancelled', details, warnings: [] } as const
      if (decision.reason !== undefined) return { ...readable, reason: decision.reason }
      const reason = `cancelled by ${id} without a readable reason`
      const how = status === null ? 'through its callback' : `status ${status}`
      const warning = `the cancellation by ${id} (${how}) has no readable \`reason\``
      return { ...readable, reason, warnings: [warning] }
    }
    case 'error': {
      const reason = `no decision from ${id}: ${decision.why}`
      if (settings.onFailure === 'allow') {
        const warning = `${reason}; allowed all the same (on_failure: allow)`
        return { kind: 'allow', outcome: 'allowed-by-failure', warnings: [warning] }
      }
      const { error, status } = decision
      const details = {
        kind: 'error',
        error,
        ...(status !== undefined && { status }),
        tries,
      } as const
      return { kind: 'cancel', outcome: 'cancelled-by-failure', reason, details, warnings: [] }
    }
  }
}
