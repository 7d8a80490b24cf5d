import { type RequestMismatch, Validator } from 'carabiner'
import type { EventTypeConfig, EventTypesConfig } from './event-type-config.ts'

/** Names that event types can have. */
export const eventTypePattern = '^[A-Za-z][A-Za-z0-9_.-]{2,99}$'

/** What a subscription may name: an event type, all that begin with a prefix (`inbox.*`), or all (`*`). */
export const selectorPattern =
  '^(\\*|[A-Za-z][A-Za-z0-9_.-]{0,97}\\.\\*|[A-Za-z][A-Za-z0-9_.-]{2,99})$'

const eventType = new RegExp(eventTypePattern)
const none: readonly Misfit[] = []

/** One place of an event that does not fit. */
export type Misfit = Omit<RequestMismatch, 'part'>

/** The event types that are taken, and what their payloads have to look like. */
export class EventTypes {
  readonly #known: ReadonlyMap<string, EventTypeConfig> | 'any'
  readonly #validator = new Validator({ allErrors: true })

  constructor(config: EventTypesConfig) {
    this.#known = config === 'any' ? 'any' : new Map(listed(config))
  }

  accepts(type: string): boolean {
    return this.#known === 'any' ? eventType.test(type) : this.#known.has(type)
  }

  /** Whether a subscription to `selector` could ever get an event. */
  acceptsSelector(selector: string): boolean {
    if (!selector.endsWith('*')) return this.accepts(selector)
    if (this.#known === 'any') return true
    const prefix = selector.slice(0, -1)
    return [...this.#known.keys()].some((type) => type.startsWith(prefix))
  }

  /** What of a payload does not match the schema of its type. */
  mismatches(type: string, payload: unknown): readonly Misfit[] {
    const schema = this.#known === 'any' ? undefined : this.#known.get(type)?.schema
    if (schema === undefined || this.#validator.compile(schema)(payload).length === 0) return none
    return this.#validator.examine(schema)(payload)
  }
}

/** All that a subscription can name to get events of this type: the type, each of its prefixes, everything. */
export function selectorsFor(type: string): readonly string[] {
  const selectors = [type]
  for (let dot = type.lastIndexOf('.'); dot > 0; dot = type.lastIndexOf('.', dot - 1)) {
    selectors.push(`${type.slice(0, dot)}.*`)
  }
  selectors.push('*')
  return selectors
}

/** Every type that a stanza names, with what it says of it. */
export function listed(
  config: Exclude<EventTypesConfig, 'any'>,
): readonly (readonly [string, EventTypeConfig])[] {
  return isList(config) ? config.map((name) => [name, {}] as const) : Object.entries(config)
}

// `Array.isArray` does not narrow a union with a readonly list.
function isList(config: Exclude<EventTypesConfig, 'any'>): config is readonly string[] {
  return Array.isArray(config)
}
