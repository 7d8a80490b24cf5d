import type { Cancelled, Failed, Outcome } from '../bus/outcome.ts'
import { type Json, type Mask, outcomeToJson } from '../bus/outcome-json.ts'
import type { Mismatch } from '../errors.ts'
import { type ErrorAnswer, unavailable } from './request-error.ts'

/** How an outcome is told over HTTP. */
export type OutcomeAnswer =
  | { readonly kind: 'success'; readonly data: { readonly [key: string]: Json } }
  | { readonly kind: 'error'; readonly error: ErrorAnswer }

export function answerForOutcome(outcome: Outcome, mask: Mask): OutcomeAnswer {
  const data = outcomeToJson(outcome, mask)
  switch (outcome.kind) {
    case 'completed':
    case 'parked':
      return { kind: 'success', data }
    case 'cancelled':
      return { kind: 'error', error: cancelled(outcome, data) }
    case 'failed':
      return { kind: 'error', error: failed(outcome, mask, data) }
  }
}

function cancelled({ by, reason }: Cancelled, details: ErrorAnswer['details'] = {}): ErrorAnswer {
  return { status: 409, code: 'EVENT_CANCELLED', message: `cancelled by ${by}: ${reason}`, details }
}

function failed(
  { phase, failures }: Failed,
  mask: Mask,
  details: NonNullable<ErrorAnswer['details']>,
): ErrorAnswer {
  const message = summary(phase, failures)
  // Only what never began may be tried again by itself: `DELIVERY_NOT_STORED` comes after the on phase.
  if (some(failures, 'STORE_UNAVAILABLE') || some(failures, 'SHUTTING_DOWN')) {
    return unavailable(message, details)
  }
  const errors = failures.flatMap((failure) => mismatchesOf(failure, mask))
  if (errors.length > 0) {
    return { status: 422, code: 'EVENT_PARAMS_INVALID', message, details: { errors } }
  }
  return some(failures, 'DEADLINE_EXCEEDED')
    ? { status: 504, code: 'DEADLINE_EXCEEDED', message, details }
    : { status: 500, code: 'EVENT_FAILED', message, details }
}

function mismatchesOf(
  { errors = [] }: Failed['failures'][number],
  mask: Mask,
): readonly Mismatch[] {
  return errors.map(({ pointer, message }) => ({ pointer, message: mask(message) }))
}

function some(failures: Failed['failures'], code: string): boolean {
  return failures.some((failure) => failure.code === code)
}

function summary(phase: Failed['phase'], failures: Failed['failures']): string {
  const [first, ...others] = failures
  if (first === undefined) return `the ${phase} phase failed`
  const more = others.length === 0 ? '' : ` (and ${others.length} more)`
  return `${first.connector}, ${first.phase}: ${first.message}${more}`
}
