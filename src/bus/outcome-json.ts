import type { EventResult, Failure, Outcome } from './outcome.ts'

/** Anything JSON can say. */
export type Json =
  | null
  | boolean
  | number
  | string
  | readonly Json[]
  | { readonly [key: string]: Json }

/** Takes secrets out of a text that was not written for outsiders. */
export type Mask = (text: string) => string

/**
 * An outcome as HTTP and `--json` give it: field for field, every optional field there, `undefined` as `null`.
 *
 * @param mask - applied to what errors and warnings say; results, reasons and details are data and stay as they are
 */
export function outcomeToJson(
  outcome: Outcome,
  mask: Mask = (text) => text,
): { [key: string]: Json } {
  const { dispatchId, traceId, event, dryRun, durationMs, warnings } = outcome
  return {
    dispatchId,
    traceId,
    event,
    dryRun,
    durationMs,
    warnings: warnings.map(({ source, message }) => ({ source, message: mask(message) })),
    ...kindJson(outcome, mask),
  }
}

function kindJson(outcome: Outcome, mask: Mask): { [key: string]: Json } {
  switch (outcome.kind) {
    case 'completed': {
      const { kind, results, unknown } = outcome
      return {
        kind,
        results: results.map((each) => resultJson(each, mask)),
        unknown: unknown ?? null,
      }
    }
    case 'cancelled': {
      const { kind, by, reason, details, also } = outcome
      return {
        kind,
        by,
        reason,
        details: json(details),
        also: also.map((each) => failureJson(each, mask)),
      }
    }
    case 'failed': {
      const { kind, phase, failures, results } = outcome
      return {
        kind,
        phase,
        failures: failures.map((each) => failureJson(each, mask)),
        results: results.map((each) => resultJson(each, mask)),
      }
    }
    case 'parked': {
      const { kind, waitingFor } = outcome
      const waits = waitingFor.map(({ by, callbackId, expiresAt }) => ({
        by,
        callbackId,
        expiresAt,
      }))
      return { kind, waitingFor: waits }
    }
  }
}

function failureJson({ connector, phase, code, message }: Failure, mask: Mask): Json {
  return { connector, phase, code, message: mask(message) }
}

function resultJson(result: EventResult, mask: Mask): Json {
  const { connector } = result
  if ('value' in result) return { connector, value: json(result.value) }
  const { code, name, message } = result.error
  return { connector, error: { code, name, message: mask(message) } }
}

/** Nesting beyond which a value is cut off: it came from a handler, and what it did has happened. */
const deepestNesting = 256

/**
 * Any value as JSON, whatever it is.
 *
 * Like `JSON.stringify` and back, but nothing gets lost and nothing throws: `undefined` and functions are `null`, a
 * bigint is its decimal text, a cycle and what lies too deep are named.
 */
export function json(value: unknown): Json {
  return convert(value, '', [])
}

function convert(value: unknown, key: string, within: readonly object[]): Json {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value
    case 'number':
      return Number.isFinite(value) ? value : null
    case 'bigint':
      return value.toString()
    case 'object':
      return value === null ? null : convertObject(value, key, within)
    case 'undefined':
    case 'function':
    case 'symbol':
      return null
  }
}

function convertObject(value: object, key: string, within: readonly object[]): Json {
  if (within.includes(value)) return '[circular]'
  if (within.length === deepestNesting) return '[too deep]'
  const inside = [...within, value]
  try {
    if ('toJSON' in value && typeof value.toJSON === 'function') {
      return convert(value.toJSON(key), key, inside)
    }
    if (Array.isArray(value)) return value.map((each, at) => convert(each, String(at), inside))
    const fields = Object.entries(value)
    // `fromEntries` defines: a key named `__proto__` stays a key.
    return Object.fromEntries(fields.map(([name, each]) => [name, convert(each, name, inside)]))
  } catch {
    // A getter or `toJSON` of the handler's own that throws. The rest of the outcome is worth more than its error.
    return '[unreadable]'
  }
}
