import { CarabinerError, messageOf } from '../errors.ts'
import { checkEventName } from './event.ts'

/** The three places around an event where handlers run. */
export type Phase = 'before' | 'on' | 'after'

/** A phase of a named event, as `before:measure` says it. */
export interface Hook {
  readonly phase: Phase
  readonly event: string
}

/** The phases in the order in which they run. */
export const phases: readonly Phase[] = ['before', 'on', 'after']

/**
 * Reads `before:measure`, `on:measure`, `after:measure`, or `measure` (the on phase). Exact case, nothing is trimmed.
 *
 * @throws {CarabinerError} HOOK_INVALID, the message says why
 */
export function parseHook(text: string): Hook {
  if (text === '') throw refusal(text, 'it is empty')
  if (/\s/.test(text)) throw refusal(text, 'it contains a space')
  const parts = text.split(':')
  if (parts.length > 2) throw refusal(text, 'it has more than one `:`')
  const [first = '', second] = parts
  if (second === undefined) return { phase: 'on', event: eventOf(text, first) }
  return { phase: phaseOf(text, first), event: eventOf(text, second) }
}

/** The text that `parseHook` reads back: the on phase is the bare event name. */
export function printHook(hook: Hook): string {
  return hook.phase === 'on' ? hook.event : `${hook.phase}:${hook.event}`
}

export function isPhase(value: unknown): value is Phase {
  return value === 'before' || value === 'on' || value === 'after'
}

function phaseOf(text: string, phase: string): Phase {
  if (isPhase(phase)) return phase
  if (phase === '') throw refusal(text, 'there is no phase before the `:`')
  const lower = phase.toLowerCase()
  if (isPhase(lower)) throw refusal(text, `the phase is written \`${lower}\``)
  throw refusal(text, `there is no phase \`${phase}\``)
}

function eventOf(text: string, event: string): string {
  if (event === '') throw refusal(text, 'there is no event after the `:`')
  try {
    checkEventName(event)
  } catch (error) {
    throw refusal(text, messageOf(error), error)
  }
  return event
}

function refusal(text: string, why: string, cause?: unknown): CarabinerError {
  const message = `\`${text}\` is not a hook: ${why}; expected an event, or \`before:\`, \`on:\` or \`after:\` and an event`
  return new CarabinerError('HOOK_INVALID', message, { cause })
}
