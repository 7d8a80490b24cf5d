import {
  type AnyEvent,
  CarabinerError,
  type CommandContext,
  parseHook,
  suggestion,
} from 'carabiner'
import type { WebhookPhase } from '../request.ts'

/** The hook on the command line, with its event found. */
export interface HookArgument {
  readonly phase: WebhookPhase
  readonly event: AnyEvent
}

/** Reads `before:EVENT` or `after:EVENT`. @throws {CarabinerError} USAGE for any other hook, and for an unknown event */
export function hookArgument({ args, events }: CommandContext): HookArgument {
  const text = typeof args[0] === 'string' ? args[0] : ''
  const { phase, event: name } = parsed(text)
  if (phase === 'on') {
    throw usage(
      `webhooks stand before or after an event: expected \`before:${name}\` or \`after:${name}\``,
    )
  }
  const event = events.find((each) => each.name === name)
  if (event !== undefined) return { phase, event }
  const known = events.map((each) => each.name)
  throw usage(`unknown event \`${name}\`${suggestion(name, known)}`)
}

function parsed(text: string): ReturnType<typeof parseHook> {
  try {
    return parseHook(text)
  } catch (error) {
    if (!(error instanceof CarabinerError)) throw error
    throw new CarabinerError('USAGE', error.message, { cause: error })
  }
}

function usage(message: string): CarabinerError {
  return new CarabinerError('USAGE', message)
}
