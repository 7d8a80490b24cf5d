import { printDuration } from '../quantity/duration.ts'
import type { AttemptOutcome } from './attempt-outcome.ts'
import type { RetryPolicy } from './retry-policy.ts'

/** What follows an attempt. */
export type NextStep =
  | { readonly kind: 'delivered' }
  | { readonly kind: 'again'; readonly waitMs: number; readonly reason: string }
  | { readonly kind: 'dead'; readonly reason: string; readonly disablesEndpoint: boolean }

export interface StepInput {
  readonly outcome: AttemptOutcome
  /** Tries used up, this one included. */
  readonly tries: number
  /** Milliseconds since the delivery was accepted. */
  readonly ageMs: number
  readonly policy: RetryPolicy
  /** At least 0, below 1. */
  readonly random: number
}

/** No back-off grows beyond it, whatever the policy. */
const longestWaitMs = 30 * 24 * 60 * 60 * 1_000

/**
 * Decides what follows an attempt.
 *
 * `Retry-After` may lengthen the scheduled wait, never shorten it; `maxTimeMs` wins over both.
 */
export function nextStep(input: StepInput): NextStep {
  const { outcome, policy } = input
  switch (outcome.kind) {
    case 'delivered':
      return { kind: 'delivered' }
    case 'gone':
      return { kind: 'dead', reason: outcome.reason, disablesEndpoint: true }
    case 'rejected':
    case 'refused':
      return dead(outcome.reason)
    case 'retryable': {
      const scheduledMs = scheduledWait(policy, input.tries)
      if (scheduledMs === undefined) {
        return dead(`${outcome.reason}; gave up after ${countOf(input.tries)}`)
      }
      const waitMs = Math.max(
        withJitter(scheduledMs, policy.jitter, input.random),
        outcome.retryAfterMs ?? 0,
      )
      if (input.ageMs + waitMs > policy.maxTimeMs) return dead(tooLate(outcome, policy, waitMs))
      return { kind: 'again', waitMs, reason: outcome.reason }
    }
  }
}

/** Why a delivery of this age may not be tried any more; `undefined` when it may. */
export function expiredReason(
  policy: RetryPolicy,
  ageMs: number,
  lastError: string | null,
): string | undefined {
  if (ageMs <= policy.maxTimeMs) return undefined
  return `${lastError ?? 'not sent'}; max_time ${printDuration(policy.maxTimeMs)} is over`
}

/** Milliseconds before try `tries + 1`, without jitter; `undefined` when there is none. */
export function scheduledWait(policy: RetryPolicy, tries: number): number | undefined {
  if (tries >= policy.maxTries) return undefined
  const waitMs =
    policy.scheduleMs === undefined
      ? Math.min(policy.baseMs * growth(policy.factor, tries - 1), policy.maxWaitMs)
      : policy.scheduleMs[tries - 1]
  return waitMs === undefined ? undefined : Math.min(waitMs, longestWaitMs)
}

/** Finite, so that a base of 0 stays 0. */
function growth(factor: number, power: number): number {
  return Math.min(factor ** power, Number.MAX_VALUE)
}

function withJitter(waitMs: number, jitter: RetryPolicy['jitter'], random: number): number {
  if (jitter === 'none') return waitMs
  if (jitter === 'full') return waitMs * random
  if (typeof jitter === 'number') return waitMs * (1 + jitter * (2 * random - 1))
  return waitMs * (1 + jitter.plus * random)
}

function dead(reason: string): NextStep {
  return { kind: 'dead', reason, disablesEndpoint: false }
}

function tooLate(
  outcome: { readonly reason: string; readonly retryAfterMs: number | undefined },
  policy: RetryPolicy,
  waitMs: number,
): string {
  const asked = outcome.retryAfterMs === waitMs ? 'Retry-After' : 'the next try in'
  const wait = printDuration(Math.ceil(waitMs))
  const limit = printDuration(Math.round(policy.maxTimeMs))
  return `${outcome.reason}; ${asked} ${wait} is beyond max_time ${limit}`
}

function countOf(tries: number): string {
  return tries === 1 ? '1 try' : `${tries} tries`
}
