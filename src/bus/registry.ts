import type { TSchema } from 'typebox'
import { CarabinerError } from '../errors.ts'
import { constrainsNothing } from '../schema/json-schema.ts'
import type { Check, Validator } from '../schema/validator.ts'
import { type AnyEvent, checkEventName } from './event.ts'
import { type ParamsReader, paramsReader } from './params.ts'
import { makePlan, type Plan } from './plan.ts'
import type { OweRegistration, Registration } from './registration.ts'
import { suggestion } from './suggestion.ts'

/** An event that can be dispatched. */
export interface DeclaredEvent {
  readonly event: AnyEvent
  /** The connector that declared it, or `host`. */
  readonly declaredBy: string
  readonly readParams: ParamsReader
  /** Undefined: any result will do. */
  readonly checkResult: Check | undefined
}

interface Entry<Owed> {
  readonly declared: DeclaredEvent
  registrations: readonly Registration[]
  owed: readonly OweRegistration<Owed>[]
  plan: Plan<Owed>
}

/**
 * The events, the connectors, and who handles what.
 *
 * What runs for an event, and in which order, is worked out when a handler comes or goes.
 */
export class Registry<Owed> {
  readonly #validator: Validator
  readonly #entries = new Map<string, Entry<Owed>>()
  readonly #ranks = new Map<string, number>()

  constructor(validator: Validator) {
    this.#validator = validator
  }

  /** @throws {CarabinerError} EVENT_DUPLICATE naming both connectors */
  declare(event: AnyEvent, declaredBy: string): void {
    checkEventName(event.name)
    const present = this.#entries.get(event.name)?.declared
    if (present !== undefined) throw duplicate(event, present.declaredBy, declaredBy)
    const declared = {
      event,
      declaredBy,
      readParams: paramsReader(event.name, event.params, this.#validator),
      checkResult: isAnything(event.result) ? undefined : this.#validator.compile(event.result),
    }
    const plan = makePlan<Owed>([], [])
    this.#entries.set(event.name, { declared, registrations: [], owed: [], plan })
  }

  events(): readonly AnyEvent[] {
    return [...this.#entries.values()].map(({ declared }) => declared.event)
  }

  /** An event and what runs for it now. @throws {CarabinerError} EVENT_UNKNOWN */
  entry(event: AnyEvent | string): Readonly<Entry<Owed>> {
    return this.#entry(event)
  }

  /** Adds a handler of a known event. @returns takes it away again */
  add(event: AnyEvent, registration: Registration): Disposable {
    const entry = this.#entry(event)
    entry.registrations = [...entry.registrations, registration]
    replan(entry)
    return removal(registration, () => {
      entry.registrations = entry.registrations.filter((each) => each !== registration)
      replan(entry)
    })
  }

  /** Adds what is owed after a known event. @returns takes it away again */
  addOwed(event: AnyEvent, registration: OweRegistration<Owed>): Disposable {
    const entry = this.#entry(event)
    entry.owed = [...entry.owed, registration]
    replan(entry)
    return removal(registration, () => {
      entry.owed = entry.owed.filter((each) => each !== registration)
      replan(entry)
    })
  }

  /** A connector's place in the assembly; one that is new comes last. */
  rank(connector: string): number {
    const present = this.#ranks.get(connector)
    if (present !== undefined) return present
    const rank = this.#ranks.size
    this.#ranks.set(connector, rank)
    return rank
  }

  /** @throws {CarabinerError} CONNECTOR_UNKNOWN */
  knownConnectors(ids: readonly string[]): ReadonlySet<string> {
    for (const id of ids) {
      if (this.#ranks.has(id)) continue
      const hint = suggestion(id, [...this.#ranks.keys()])
      throw new CarabinerError('CONNECTOR_UNKNOWN', `there is no connector \`${id}\`${hint}`)
    }
    return new Set(ids)
  }

  #entry(event: AnyEvent | string): Entry<Owed> {
    const name = typeof event === 'string' ? event : event.name
    const entry = this.#entries.get(name)
    if (entry !== undefined) return entry
    const hint = suggestion(name, [...this.#entries.keys()])
    throw new CarabinerError('EVENT_UNKNOWN', `there is no event \`${name}\`${hint}`)
  }
}

function isAnything(schema: TSchema): boolean {
  return !('type' in schema) && constrainsNothing(schema)
}

function duplicate(event: AnyEvent, one: string, other: string): CarabinerError {
  const owner = one === 'host' ? 'the host' : `\`${one}\``
  const message = `event \`${event.name}\` is declared by ${owner} and by \`${other}\``
  return new CarabinerError('EVENT_DUPLICATE', message)
}

function replan<Owed>(entry: Entry<Owed>): void {
  entry.plan = makePlan(entry.registrations, entry.owed)
}

function removal(registration: { isGone: boolean }, forget: () => void): Disposable {
  return {
    [Symbol.dispose]() {
      if (registration.isGone) return
      registration.isGone = true
      forget()
    },
  }
}
