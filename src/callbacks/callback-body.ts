import { rawMember } from '../json/raw-member.ts'
import { readJson } from '../json/read-json.ts'
import type { CallbackAction } from './callback.ts'

/** The longest body, in bytes. */
export const callbackBodyLimit = 1_048_576
/** Until when a heartbeat extends that does not say, in seconds. */
export const defaultHeartbeatSeconds = 3_600
/** How far a heartbeat may extend, in seconds: 30 days. */
export const longestHeartbeatSeconds = 2_592_000

/** What an outside system asks for. */
export type CallbackAnswer =
  | { readonly kind: 'complete'; readonly payload: Uint8Array | null }
  | { readonly kind: 'fail'; readonly error: string }
  | { readonly kind: 'heartbeat'; readonly timeoutMs: number }
  | { readonly kind: 'invalid'; readonly reason: string }

/** Reads the body of an action. Members that it does not know are left alone. */
export function readAnswer(action: CallbackAction, body: Uint8Array): CallbackAnswer {
  const reading = readJson(body, 'once')
  if (reading.kind === 'refused') return invalid(refusalOf(action, reading))
  const { value } = reading
  if (!isObject(value)) return invalid('body must be a JSON object')
  switch (action) {
    case 'complete':
      return { kind: 'complete', payload: payloadIn(body) }
    case 'fail':
      return failureIn(value)
    case 'heartbeat':
      return heartbeatIn(value)
  }
}

function refusalOf(
  action: CallbackAction,
  { pointer, message }: { readonly pointer: string; readonly message: string },
): string {
  // A number beyond any double is no less one that is not finite.
  if (action === 'heartbeat' && pointer === '/timeout_seconds' && message !== 'is there twice') {
    return notFinite
  }
  return `${pointer === '' ? 'body' : pointer} ${message}`
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function payloadIn(body: Uint8Array): Uint8Array | null {
  const text = rawMember(new TextDecoder().decode(body), 'payload')
  return text === undefined ? null : Buffer.from(text, 'utf8')
}

function failureIn(value: object): CallbackAnswer {
  const error: unknown = Reflect.get(value, 'error')
  return typeof error === 'string' ? { kind: 'fail', error } : invalid('error must be a string')
}

const notFinite = 'timeout_seconds must be a finite, non-negative number'

function heartbeatIn(value: object): CallbackAnswer {
  const seconds: unknown = Object.hasOwn(value, 'timeout_seconds')
    ? Reflect.get(value, 'timeout_seconds')
    : defaultHeartbeatSeconds
  if (typeof seconds !== 'number' || !(seconds >= 0) || Object.is(seconds, -0)) {
    return invalid(notFinite)
  }
  if (seconds > longestHeartbeatSeconds) {
    return invalid(`timeout_seconds must be at most ${longestHeartbeatSeconds}`)
  }
  return { kind: 'heartbeat', timeoutMs: seconds * 1_000 }
}

function invalid(reason: string): CallbackAnswer {
  return { kind: 'invalid', reason }
}
