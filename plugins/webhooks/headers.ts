import type { ConfigProblem } from 'carabiner'
import type { HeadersConfig, WebhookConfig } from './config.ts'
import { headerPairs } from './webhook.ts'

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

/** What is wrong with the headers of a webhook. */
export function headerProblems({ headers }: WebhookConfig): readonly ConfigProblem[] {
  const pairs = headerPairs(headers)
  const names = pairs.map(([name]) => name.toLowerCase())
  return pairs.flatMap(([name, value], index) => {
    const isRepeated = names.indexOf(name.toLowerCase()) !== index
    const wrong = isRepeated ? wrongName(`\`${name}\` stands twice`) : problemOf(name, value)
    if (wrong === undefined) return []
    const { at, message, expected } = wrong
    return [{ path: pathOf(headers, name, index, at), message, expected }]
  })
}

interface HeaderProblem {
  readonly at: 'name' | 'value'
  readonly message: string
  readonly expected: string
}

function problemOf(name: string, value: string): HeaderProblem | undefined {
  const lower = name.toLowerCase()
  if (!token.test(name)) return wrongName(`${JSON.stringify(name)} is not a header name`)
  if (lower === 'content-type') return wrongName('`content-type` is set with `content_type`')
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

function pathOf(
  headers: HeadersConfig | undefined,
  name: string,
  index: number,
  at: 'name' | 'value',
): readonly (string | number)[] {
  return Array.isArray(headers) ? ['headers', index, at] : ['headers', name]
}
