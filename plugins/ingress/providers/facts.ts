import type { Json } from 'carabiner'
import { parseIsoTime } from './instant.ts'
import { isObject, valueAt } from './payload.ts'
import type { JsonObject, Misfit, Normalization } from './provider.ts'

/** What a provider reads out of a request. */
export interface Facts {
  readonly eventType: string
  readonly externalEventId: string | null
  /** UTC milliseconds. */
  readonly occurredAt: number
  readonly subject: string | null
  readonly data: Json
}

export type Reading =
  | { readonly kind: 'facts'; readonly facts: Facts }
  | { readonly kind: 'misfit'; readonly errors: readonly Misfit[] }

/** The type of an event that does not name one. */
export const otherType = 'other'

/** Characters that are searched. */
const longestSubject = 512

/**
 * The event that is kept and delivered.
 *
 * @param member - under which name the data is delivered
 */
export function normalization(provider: string, reading: Reading, member: string): Normalization {
  if (reading.kind === 'misfit') return reading
  const { eventType, externalEventId, occurredAt, subject, data } = reading.facts
  const errors = [
    ...nameProblem('type', eventType),
    ...(externalEventId === null ? [] : nameProblem('id', externalEventId)),
  ]
  if (errors.length > 0) return { kind: 'misfit', errors }

  const payload = { provider, eventType, externalEventId, [member]: data }
  const event = { eventType, externalEventId, occurredAt, subject: searchable(subject), payload }
  return { kind: 'event', event }
}

/** Collects what of a payload does not fit while its fields are read. */
export class FieldCheck {
  readonly #payload: JsonObject
  readonly #errors: Misfit[] = []

  constructor(payload: JsonObject) {
    this.#payload = payload
  }

  /** A text that names something. */
  name(pointer: string): string | undefined {
    return this.#read(pointer, 'a text of 1 to 255 bytes, without control characters', (value) =>
      typeof value === 'string' && isName(value) ? value : undefined,
    )
  }

  /** A text; `null` where there is none, or a `null`. */
  optionalText(pointer: string): string | null | undefined {
    if ((valueAt(this.#payload, pointer) ?? null) === null) return null
    return this.#read(pointer, 'a text', (value) => (typeof value === 'string' ? value : undefined))
  }

  time(pointer: string): number | undefined {
    return this.#read(pointer, 'a time in ISO 8601 with its zone', (value) =>
      typeof value === 'string' ? parseIsoTime(value) : undefined,
    )
  }

  object(pointer: string): JsonObject | undefined {
    return this.#read(pointer, 'an object', (value) => (isObject(value) ? value : undefined))
  }

  misfit(): Reading {
    return { kind: 'misfit', errors: this.#errors }
  }

  #read<T>(pointer: string, expected: string, read: (value: Json) => T | undefined): T | undefined {
    const value = valueAt(this.#payload, pointer)
    const result = value === undefined ? undefined : read(value)
    if (result === undefined) {
      const message = value === undefined ? 'is missing' : `must be ${expected}`
      this.#errors.push({ pointer, message })
    }
    return result
  }
}

export function missingHeader(name: string): Reading {
  return { kind: 'misfit', errors: [{ pointer: '', message: `missing ${name} header` }] }
}

function nameProblem(what: string, text: string): readonly Misfit[] {
  if (isName(text)) return []
  const message = `its ${what} must have 1 to 255 bytes and no control characters`
  return [{ pointer: '', message }]
}

function isName(text: string): boolean {
  return text.isWellFormed() && /^\P{Cc}+$/u.test(text) && Buffer.byteLength(text) <= 255
}

function searchable(subject: string | null): string | null {
  if (subject === null) return null
  return subject.toWellFormed().replaceAll('\0', '').slice(0, longestSubject).toWellFormed()
}
