import type { AttemptRow, ClaimedDelivery } from '../store/store.ts'
import type { AttemptOutcome } from './attempt-outcome.ts'
import type { CompleteReply, Reply } from './sender.ts'

/** Bytes of a reply that are kept, unless the engine is told otherwise: 8 KiB. */
export const defaultKeptReplyBytes: number = 8 * 1_024

export interface AttemptFacts {
  readonly number: number
  /** UTC milliseconds. */
  readonly startedAt: number
  /** Milliseconds between the claim and the request. */
  readonly queueMs: number
}

/** The record of one request, with the first `keptBytes` of its reply. */
export function attemptRow(
  facts: AttemptFacts,
  reply: Reply,
  outcome: AttemptOutcome,
  keptBytes: number,
): AttemptRow {
  const head = reply.kind === 'reply' ? reply : reply.head
  const { totalMs, ...phases } = reply.timings
  return {
    number: facts.number,
    startedAt: facts.startedAt,
    durationMs: totalMs,
    phases: { queue: facts.queueMs, ...phases },
    outcome:
      outcome.kind === 'delivered' || outcome.kind === 'retryable' ? outcome.kind : 'rejected',
    status: head?.status ?? null,
    responseHeaders: head === undefined ? null : joinHeaders(head.headers),
    responseBody: reply.kind === 'reply' ? startOf(reply.body, keptBytes) : null,
    error: errorOf(reply, outcome),
  }
}

/** Most replies are kept whole: no view of them is made. */
function startOf(body: Uint8Array, bytes: number): Uint8Array {
  return body.byteLength <= bytes ? body : body.slice(0, bytes)
}

/** A try that was used up though nothing was sent. */
export function unsentAttempt(
  { number, startedAt }: Pick<AttemptFacts, 'number' | 'startedAt'>,
  reason: string,
  durationMs: number = 0,
): AttemptRow {
  return {
    number,
    startedAt,
    durationMs,
    phases: {},
    outcome: 'retryable',
    status: null,
    responseHeaders: null,
    responseBody: null,
    error: reason,
  }
}

/** Milliseconds since a delivery was accepted; 0 when the clock has been set back since. */
export function ageOf(delivery: ClaimedDelivery, now: number): number {
  return Math.max(0, now - delivery.createdAt)
}

/** A delivered message whose reply was too long says so: the reply was not read. */
function errorOf(reply: Reply, outcome: AttemptOutcome): string | null {
  if (outcome.kind !== 'delivered') return outcome.reason
  return reply.kind === 'no-reply' ? reply.message : null
}

function joinHeaders(headers: CompleteReply['headers']): Readonly<Record<string, string>> {
  const joined: Record<string, string> = {}
  for (const [name, value] of headers) {
    const before = joined[name]
    joined[name] = before === undefined ? value : `${before}, ${value}`
  }
  return joined
}
