import { type AnyEvent, CarabinerError, parseGlob, parseHook, suggestion } from 'carabiner'
import type { WebhookPhase } from './request.ts'

/** The events that a webhook's `events:` name, each once, in the order of the assembly. */
export interface ResolvedHooks {
  readonly before: readonly AnyEvent[]
  readonly after: readonly AnyEvent[]
  readonly problems: readonly HookProblem[]
}

interface HookProblem {
  /** Index in the list. */
  readonly index: number
  readonly message: string
  readonly expected: string
}

/** Finds the events that hooks name: `before:adjust`, `after:order.*`. What is wrong with one is told, not thrown. */
export function resolveHooks(hooks: readonly string[], events: readonly AnyEvent[]): ResolvedHooks {
  const matches = hooks.map((hook) => resolveHook(hook, events))
  return {
    before: eventsOf('before', matches, events),
    after: eventsOf('after', matches, events),
    problems: matches.flatMap((match, index) =>
      match.kind === 'wrong' ? [{ index, message: match.message, expected: match.expected }] : [],
    ),
  }
}

type Match =
  | { readonly kind: 'events'; readonly phase: WebhookPhase; readonly names: ReadonlySet<string> }
  | { readonly kind: 'wrong'; readonly message: string; readonly expected: string }

const expectedHook = 'before:EVENT or after:EVENT'

function resolveHook(hook: string, events: readonly AnyEvent[]): Match {
  const names = events.map(({ name }) => name)
  const [, phase, pattern] = /^(before|after):(.*\*.*)$/s.exec(hook) ?? []
  if (pattern !== undefined) {
    return resolveGlob(hook, phase === 'before' ? 'before' : 'after', pattern, names)
  }
  try {
    return resolveName(hook, names)
  } catch (error) {
    if (!(error instanceof CarabinerError)) throw error
    return wrong(error.message)
  }
}

function resolveName(hook: string, names: readonly string[]): Match {
  const { phase, event } = parseHook(hook)
  if (phase === 'on') {
    const advice = `a webhook stands before or after an event, not in it: \`before:${event}\` or \`after:${event}\``
    return wrong(`\`${hook}\` is the on phase; ${advice}`)
  }
  if (!names.includes(event)) {
    return wrong(`unknown event \`${event}\`${suggestion(event, names)}`, `one of ${list(names)}`)
  }
  return { kind: 'events', phase, names: new Set([event]) }
}

function resolveGlob(
  hook: string,
  phase: WebhookPhase,
  pattern: string,
  names: readonly string[],
): Match {
  const parsed = parseGlob(pattern)
  if (parsed.kind === 'invalid') {
    return wrong(`\`${hook}\` is not a glob: ${parsed.reason}`, '`before:order.*`, `after:*`')
  }
  const matching = names.filter((name) => parsed.glob.matches(name))
  if (matching.length === 0) {
    return wrong(
      `\`${hook}\` matches no event of this assembly`,
      `a glob for some of ${list(names)}`,
    )
  }
  return { kind: 'events', phase, names: new Set(matching) }
}

function eventsOf(
  phase: WebhookPhase,
  matches: readonly Match[],
  events: readonly AnyEvent[],
): readonly AnyEvent[] {
  return events.filter(({ name }) =>
    matches.some(
      (match) => match.kind === 'events' && match.phase === phase && match.names.has(name),
    ),
  )
}

function wrong(message: string, expected = expectedHook): Match {
  return { kind: 'wrong', message, expected }
}

function list(names: readonly string[]): string {
  const shown = names.slice(0, 10).map((name) => `\`${name}\``)
  return names.length > shown.length ? `${shown.join(', ')} …` : shown.join(', ')
}
