const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/
/** What a field value may hold (RFC 9110 §5.5): no control characters but the tab, and nothing beyond Latin-1. */
const fieldValue = /^[\t\x20-\x7e\x80-\xff]*$/

/** Headers that say who signed what, and which message and attempt this is: they are the host's. */
const reserved = new Set([
  'content-type',
  'user-agent',
  'idempotency-key',
  'stripe-signature',
  'traceparent',
  'webhook-id',
  'webhook-signature',
  'webhook-timestamp',
  'x-axme-signature',
  'x-hub-signature-256',
  'x-pyfly-signature',
  'x-servo-event',
  'x-servo-signature',
  'x-trace-id',
])
/** Headers that say where a request ends and how it travels: they are the HTTP client's. */
const framing = new Set([
  'connection',
  'content-encoding',
  'content-length',
  'expect',
  'host',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

/** Why a header cannot be sent with an endpoint's requests. */
interface HeaderProblem {
  readonly at: 'name' | 'value'
  readonly message: string
  readonly expected: string
}

/**
 * What makes a header of the user's own unfit for an endpoint's requests; `undefined`: nothing.
 *
 * @example
 * ```ts
 * import { inspectHeader } from 'carabiner'
 *
 * inspectHeader('webhook-id', '1')?.message // '`webhook-id` is set by the host and cannot be replaced'
 * ```
 */
export function inspectHeader(name: string, value: string): HeaderProblem | undefined {
  const lower = name.toLowerCase()
  if (!token.test(name)) return wrongName(`${JSON.stringify(name)} is not a header name`)
  if (reserved.has(lower) || lower.startsWith('x-carabiner-')) {
    return wrongName(`\`${name}\` is set by the host and cannot be replaced`)
  }
  if (framing.has(lower)) return wrongName(`\`${name}\` belongs to the HTTP connection`)
  if (fieldValue.test(value)) return undefined
  const message = `the value of \`${name}\` holds characters that no header may`
  return { at: 'value', message, expected: 'printable Latin characters, no line breaks' }
}

function wrongName(message: string): HeaderProblem {
  return { at: 'name', message, expected: 'a header of your own, such as `x-team`' }
}
