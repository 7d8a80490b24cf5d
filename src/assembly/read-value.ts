import { quantityKeyword } from '../quantity/schemas.ts'
import type { Validator } from '../schema/validator.ts'
import { checkRest } from './check-rest.ts'
import { checkScalar, settleScalar } from './check-scalar.ts'
import { closestReading, noBranch } from './choose-branch.ts'
import {
  branchesOf,
  choicesOf,
  isOpen,
  type JsonSchema,
  propertiesOf,
  requiredOf,
  schemaAt,
  schemasAt,
  typesOf,
} from './json-schema.ts'
import { wrongLength } from './list-length.ts'
import { MapParts } from './map-parts.ts'
import { isQuantity, readQuantity } from './read-quantity.ts'
import { bad, good, misfit, missing, type Reading, toFault, unknownKey } from './reading.ts'
import type { Place } from './source.ts'
import { defaultOf, standIn } from './stand-in.ts'
import {
  type ListTree,
  type MapTree,
  type Path,
  plainValue,
  type ScalarTree,
  type Tree,
} from './tree.ts'

export interface ReadOptions {
  readonly validator: Validator
  /** Called with every secret, whether or not it fits its schema. */
  readonly onSecret: (place: Place, value: unknown) => void
}

/**
 * Reads a value of the file under a JSON Schema: checks it, parses its quantities and fills in its defaults, all in one walk.
 *
 * A file is read once, so its schema is interpreted and not compiled; keywords that are rare in configurations are left to the
 * validator. Every fault is found, and of a union only those of the branch that was meant.
 */
export function readValue(
  schema: JsonSchema,
  tree: Tree,
  path: Path,
  options: ReadOptions,
): Reading {
  return new Reader(options).read(schema, tree, path)
}

/** Whether a schema is about a secret. */
export function isSecret(schema: JsonSchema): boolean {
  return schema[quantityKeyword] === 'secret' || schema['writeOnly'] === true
}

class Reader {
  readonly #options: ReadOptions

  constructor(options: ReadOptions) {
    this.#options = options
  }

  read(schema: JsonSchema, tree: Tree, path: Path): Reading {
    if (tree.kind === 'hole') return standIn(schema)
    if (isSecret(schema) && tree.kind === 'scalar' && tree.value !== null) {
      this.#options.onSecret(tree.place, tree.value)
    }
    const reading = this.#readKnown(schema, tree, path)
    if (reading.faults.length > 0) return reading
    return checkRest(schema, tree, path, reading, this.#options.validator)
  }

  #readKnown(schema: JsonSchema, tree: Tree, path: Path): Reading {
    const quantity = schema[quantityKeyword]
    if (quantity === 'secrets') return this.#readSecrets(schema, tree, path)
    if (isQuantity(quantity)) {
      return readQuantity(quantity, schema, tree, path)
    }
    const parts = schemasAt(schema, 'allOf')
    if (parts !== undefined) return this.#readAll(schema, parts, tree, path)
    if (tree.kind === 'scalar' && choicesOf(schema) !== undefined) {
      return readScalar(schema, tree, path)
    }
    const branches = branchesOf(schema)
    if (branches !== undefined && !('properties' in schema)) {
      return this.#readUnion(schema, branches, tree, path)
    }
    switch (tree.kind) {
      case 'map':
        return allows(schema, 'object')
          ? this.#readMap(schema, tree, path)
          : misfit(schema, tree, path)
      case 'list':
        return allows(schema, 'array')
          ? this.#readList(schema, tree, path)
          : misfit(schema, tree, path)
      case 'scalar':
        return readScalar(schema, tree, path)
      case 'hole':
        return good(undefined)
    }
  }

  #readMap(schema: JsonSchema, tree: MapTree, path: Path): Reading {
    const properties = propertiesOf(schema)
    const required = new Set(requiredOf(schema))
    const parts = new MapParts()
    for (const [name, property] of Object.entries(properties)) {
      const inside = [...path, name]
      const given = tree.entries.get(name)?.tree ?? defaultOf(property, tree.place)
      if (given !== undefined)
        parts.add(
          name,
          this.read(property, given, inside),
          required.has(name) ? property : undefined,
        )
      else if (required.has(name))
        parts.miss(name, property, missing(name, property, tree.place, inside))
    }
    for (const name of required) {
      if (name in properties || tree.entries.has(name)) continue
      parts.miss(name, {}, missing(name, {}, tree.place, [...path, name]))
    }
    for (const [name, { tree: inner, keyPlace }] of tree.entries) {
      if (Object.hasOwn(properties, name)) continue
      const other = schemaOfOther(schema, name)
      if (other !== undefined) parts.add(name, this.read(other, inner, [...path, name]), undefined)
      else parts.faults.push(unknownKey(name, Object.keys(properties), keyPlace, [...path, name]))
    }
    return parts.map()
  }

  #readList(schema: JsonSchema, tree: ListTree, path: Path): Reading {
    const each = schemaAt(schema, 'items')
    const tuple = schemasAt(schema, 'prefixItems') ?? schemasAt(schema, 'items') ?? []
    const readings = tree.items.map((item, index) =>
      this.read(tuple[index] ?? each ?? {}, item, [...path, index]),
    )
    const wrong = wrongLength(schema, tree.items.length)
    const faults = readings.flatMap((reading) => reading.faults)
    if (wrong !== undefined) faults.push(toFault(wrong, tree, path))
    const kept = [...readings.keys()].filter((index) => readings[index]?.usable === true)
    return {
      value: kept.map((index) => readings[index]?.value),
      stanza: kept.map((index) => readings[index]?.stanza),
      faults,
      usable: wrong === undefined && kept.length === readings.length,
      kept,
    }
  }

  #readUnion(schema: JsonSchema, branches: readonly JsonSchema[], tree: Tree, path: Path): Reading {
    const readings = branches.map((branch) => this.read(branch, tree, path))
    const fitting = readings.filter(({ faults }) => faults.length === 0)
    // A loose text stays a text where a text fits.
    const fit = fitting.find(({ stanza }) => typeof stanza === 'string') ?? fitting[0]
    if (fit !== undefined) return fit
    return closestReading(readings, path) ?? bad(noBranch(schema, branches, tree, path))
  }

  /** Every part sees the whole value; a key is unknown when no part knows it. */
  #readAll(schema: JsonSchema, parts: readonly JsonSchema[], tree: Tree, path: Path): Reading {
    const { allOf: _, ...own } = schema
    const all = [own, ...parts]
    const readings = all.map((part) =>
      this.read('properties' in part ? { ...part, additionalProperties: true } : part, tree, path),
    )
    const faults = readings.flatMap((reading) => reading.faults)
    if (tree.kind !== 'map') return { ...good(plainValue(tree)), faults }

    const known = all.flatMap((part) => Object.keys(propertiesOf(part)))
    const isClosed = all.some((part) => 'properties' in part && !isOpen(part))
    for (const [name, { keyPlace }] of isClosed ? tree.entries : []) {
      if (!known.includes(name)) faults.push(unknownKey(name, known, keyPlace, [...path, name]))
    }
    return {
      value: Object.assign({}, ...readings.map(({ value }) => value)),
      stanza: Object.assign({}, ...readings.map(({ stanza }) => stanza)),
      faults,
      usable: readings.every(({ usable }) => usable),
    }
  }

  /** One secret or a list of them; a connector always gets a list. */
  #readSecrets(schema: JsonSchema, tree: Tree, path: Path): Reading {
    const reading = this.#readUnion(schema, branchesOf(schema) ?? [], tree, path)
    return typeof reading.value === 'string' ? { ...reading, value: [reading.value] } : reading
  }
}

function readScalar(schema: JsonSchema, tree: ScalarTree, path: Path): Reading {
  const value = settleScalar(tree, schema)
  const wrong = checkScalar(value, schema)
  if (wrong === undefined) return good(value)
  return bad({ ...toFault(wrong, tree, path), tag: 'const' in schema })
}

function schemaOfOther(schema: JsonSchema, name: string): JsonSchema | undefined {
  const patterns = Object.entries(schemaAt(schema, 'patternProperties') ?? {})
  const matching = patterns.find(([pattern]) => new RegExp(pattern, 'u').test(name))
  // Proof of the cast: what stands under a pattern is a schema, as in `propertiesOf`.
  if (matching !== undefined) return matching[1] as JsonSchema
  return schemaAt(schema, 'additionalProperties') ?? (isOpen(schema) ? {} : undefined)
}

function allows(schema: JsonSchema, type: string): boolean {
  if ('const' in schema || 'enum' in schema) return false
  return typesOf(schema)?.includes(type) ?? true
}
