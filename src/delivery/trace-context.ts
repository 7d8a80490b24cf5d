import { hash, randomFillSync } from 'node:crypto'

const hex32 = /^[0-9a-f]{32}$/
const visible = /^[\x21-\x7e]{1,256}$/
const noTrace = '0'.repeat(32)

const pool = Buffer.alloc(8 * 512)
let used = pool.length

/** A `traceparent` (W3C Trace Context, version 00) with a new span of the trace. */
export function traceparent(traceId: string): string {
  return `00-${traceHex(traceId)}-${newSpanId()}-01`
}

/** The trace id as a header may carry it: itself, or its hash when it holds what no header may. */
export function traceHeader(traceId: string): string {
  return visible.test(traceId) ? traceId : traceHex(traceId)
}

/** 32 hex digits: the trace id itself when it is a UUID or such digits already, else the start of its hash. */
export function traceHex(traceId: string): string {
  if (last.traceId !== traceId) last = { traceId, hex: hexOf(traceId) }
  return last.hex
}

/** One event may be a thousand deliveries, one after the other. */
let last = { traceId: '', hex: hexOf('') }

function hexOf(traceId: string): string {
  const digits = traceId.replaceAll('-', '').toLowerCase()
  if (hex32.test(digits) && digits !== noTrace) return digits
  return hash('sha256', traceId).slice(0, 32)
}

/** 16 hex digits made of a trace id: the same for whoever asks, so that what belongs to one trace hangs below one span. */
export function spanIdOf(traceId: string): string {
  return hash('sha256', `span of ${traceId}`).slice(0, 16)
}

function newSpanId(): string {
  if (used === pool.length) {
    randomFillSync(pool)
    used = 0
  }
  const id = pool.toString('hex', used, used + 8)
  used += 8
  // All zeros is the one id that is not valid.
  return id === '0000000000000000' ? newSpanId() : id
}
