import { parseRetryAfter } from './retry-after.ts'
import type { RetryPolicy } from './retry-policy.ts'
import type { CompleteReply, NoReply, Reply } from './sender.ts'

/** What one attempt came to. What follows is for `nextStep` to say. */
export type AttemptOutcome =
  | { readonly kind: 'delivered' }
  | {
      readonly kind: 'retryable'
      readonly reason: string
      /** What the receiver asked for in `Retry-After`. */
      readonly retryAfterMs: number | undefined
    }
  | { readonly kind: 'rejected'; readonly reason: string }
  /** 410: the receiver wants nothing more. */
  | { readonly kind: 'gone'; readonly reason: string }
  /** The egress guard let nothing out: no request was made. */
  | { readonly kind: 'refused'; readonly reason: string }

/** How an endpoint's circuit takes an attempt: any HTTP answer is a success, unless 5xx count as failures. */
export type CircuitSignal = 'success' | 'failure' | 'neutral'

const transientStatuses: ReadonlySet<number> = new Set([408, 425, 429])

/** Reads a reply as the outcome of a delivery's attempt. */
export function outcomeOf(reply: Reply, policy: RetryPolicy, now: number): AttemptOutcome {
  if (reply.kind === 'reply') return outcomeOfStatus(reply, policy, now)
  if (reply.error === 'egress') return { kind: 'refused', reason: reply.message }
  // The status says what became of the message; that the reply is too long to be read does not.
  if (reply.error === 'over-limit' && reply.head !== undefined) {
    return outcomeOfStatus(reply.head, policy, now)
  }
  return {
    kind: 'retryable',
    reason: reply.message,
    retryAfterMs: reply.head && parseRetryAfter(reply.head.headers, now),
  }
}

export function circuitSignalOf(reply: Reply, count5xx: boolean): CircuitSignal {
  const status = reply.kind === 'reply' ? reply.status : statusOverLimit(reply)
  if (status !== undefined) return count5xx && status >= 500 ? 'failure' : 'success'
  // `no-reply` that says nothing about the endpoint: we gave up or were not allowed to ask.
  if (reply.kind === 'no-reply' && (reply.error === 'aborted' || reply.error === 'egress')) {
    return 'neutral'
  }
  return 'failure'
}

type Head = Pick<CompleteReply, 'status' | 'statusText' | 'headers'>

function outcomeOfStatus(head: Head, policy: RetryPolicy, now: number): AttemptOutcome {
  const { status } = head
  if (status >= 200 && status < 300) return { kind: 'delivered' }

  const reason = `${status} ${head.statusText}`.trimEnd()
  if (status === 410 && policy.disableOnGone !== false) return { kind: 'gone', reason }
  const isTransient = status >= 500 || transientStatuses.has(status)
  const isFinal = policy.giveUpOn?.includes(status) ?? false
  if (isFinal || !(isTransient || policy.retryOn === 'all')) return { kind: 'rejected', reason }
  return { kind: 'retryable', reason, retryAfterMs: parseRetryAfter(head.headers, now) }
}

function statusOverLimit(reply: NoReply): number | undefined {
  return reply.error === 'over-limit' ? reply.head?.status : undefined
}
