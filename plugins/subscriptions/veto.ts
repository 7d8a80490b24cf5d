import type { Refused } from './surface.ts'

/** A handler said no. */
export interface Veto {
  readonly reason: string
  /** What it gave beside its reason. */
  readonly details?: unknown
}

/** How a veto is told to whoever wanted to publish: 403, the reason as the message, and what the handler gave beside it. */
export function toldVeto({ reason, details }: Veto): Refused {
  return {
    status: 403,
    code: 'event_cancelled',
    message: reason,
    details: shownDetails(details),
  }
}

/** `details` of an error is an object: what is none stands in it as `value`. Where a webhook stands that said no is not for everybody. */
function shownDetails(details: unknown): Readonly<Record<string, unknown>> {
  if (details === undefined || details === null) return {}
  if (!isObject(details)) return { value: details }
  const { host, ...shown } = details
  return shown['kind'] === 'veto' ? shown : details
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
