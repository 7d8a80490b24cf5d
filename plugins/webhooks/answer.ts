import type { CallbackResolution } from 'carabiner'
import type { Decision } from './decision.ts'

/**
 * Decides what the end of a callback means.
 *
 * It was completed to allow, unless its payload says otherwise; it failed to refuse. Nobody's answer is an ERROR, and so is a payload that reads like
 * a refusal and is none: what follows is `on_failure`'s to say.
 */
export function judgeAnswer(resolution: CallbackResolution): Decision {
  switch (resolution.kind) {
    case 'completed':
      return judgePayload(resolution.payload)
    case 'failed':
      return refusal(resolution.error, resolution.error)
    case 'expired':
      return { kind: 'error', error: 'expired', why: 'callback timed out', again: false }
  }
}

const advice = 'the payload looks like a refusal: send { "cancel": "reason" }, or fail the callback'

function judgePayload(payload: unknown): Decision {
  const { cancel = false, allow, allowed, approved, warnings } = fieldsOf(payload)
  // `null` and `false` say that there is nothing to cancel for; all else is somebody who wants to cancel.
  if (cancel !== null && cancel !== false) return refusal(cancel, payload)
  if ([allow, allowed, approved].includes(false)) {
    return { kind: 'error', error: 'protocol', why: advice, again: false }
  }
  const told = Array.isArray(warnings) ? warnings : []
  return { kind: 'allow', status: null, warnings: told.filter((each) => typeof each === 'string') }
}

function refusal(reason: unknown, reply: unknown): Decision {
  const isReadable = typeof reason === 'string' && reason !== ''
  return { kind: 'cancel', status: null, reason: isReadable ? reason : undefined, reply }
}

function fieldsOf(payload: unknown): Readonly<Record<string, unknown>> {
  const isObject = typeof payload === 'object' && payload !== null && !Array.isArray(payload)
  return isObject ? Object.fromEntries(Object.entries(payload)) : {}
}
