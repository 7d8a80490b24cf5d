import type { JsonSchema } from './json-schema.ts'
import { bad, type ReadFault, type Reading } from './reading.ts'
import { standIn } from './stand-in.ts'

/** Collects what the keys of a map come to. */
export class MapParts {
  readonly faults: ReadFault[] = []
  readonly #value: Record<string, unknown> = {}
  readonly #stanza: Record<string, unknown> = {}
  #usable = true

  /** @param required - the schema of what the map is of no use without */
  add(name: string, reading: Reading, required: JsonSchema | undefined): void {
    this.faults.push(...reading.faults)
    const kept = reading.usable || required === undefined ? reading : standIn(required)
    if (kept.usable) this.#put(name, kept)
    else if (required !== undefined) this.#usable = false
  }

  miss(name: string, schema: JsonSchema, fault: ReadFault): void {
    this.add(name, bad(fault), schema)
  }

  #put(name: string, { value, stanza }: Reading): void {
    this.#value[name] = value
    this.#stanza[name] = stanza
  }

  map(): Reading {
    const { faults } = this
    return { value: this.#value, stanza: this.#stanza, faults, usable: this.#usable }
  }
}
