import { suggestion } from '../bus/suggestion.ts'
import { parseDuration } from '../quantity/duration.ts'
import { QuantityError } from '../quantity/quantity-error.ts'
import { parseRate } from '../quantity/rate.ts'
import { quantityKeyword } from '../quantity/schemas.ts'
import { parseSize } from '../quantity/size.ts'
import type { Validator } from '../schema/validator.ts'
import { checkScalar, type Misfit, notAChoice, settleScalar, wrongKind } from './check-scalar.ts'
import { describeSchema, either } from './describe-schema.ts'
import type { Fault } from './fault.ts'
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
import type { Place } from './source.ts'
import {
  emptyMap,
  type ListTree,
  locate,
  type MapTree,
  type Path,
  plainValue,
  type ScalarTree,
  type Tree,
  treeOf,
} from './tree.ts'

/** What a value of the file comes to under a schema. */
export interface Reading {
  /** Durations are milliseconds, sizes bytes, defaults filled in: what a connector gets. */
  readonly value: unknown
  /** The same as it would stand in the file, defaults filled in: what `config` prints. */
  readonly stanza: unknown
  readonly faults: readonly ReadFault[]
  /** Whether the value may be looked at all the same: it fits, what is wrong with it left out. */
  readonly usable: boolean
  /** Of a list: the places its items had before the unusable ones were left out. */
  readonly kept?: readonly number[]
}

interface ReadFault extends Fault {
  /** The value is something else altogether than this schema describes. */
  readonly otherKind?: boolean
  /** The constant that tells the branches of a union apart is another one. */
  readonly tag?: boolean
}

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
    return reading.faults.length > 0 ? reading : this.#checkRest(schema, tree, path, reading)
  }

  #readKnown(schema: JsonSchema, tree: Tree, path: Path): Reading {
    const quantity = schema[quantityKeyword]
    if (quantity === 'secrets') return this.#readSecrets(schema, tree, path)
    if (typeof quantity === 'string' && quantity in parsers) {
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
    const parts = new Parts()
    for (const [name, property] of Object.entries(properties)) {
      const inside = [...path, name]
      const given = tree.entries.get(name)?.tree ?? defaultOf(property, tree.place)
      if (given !== undefined)
        parts.add(name, this.read(property, given, inside), required.has(name))
      else if (required.has(name)) parts.miss(missing(name, property, tree.place, inside))
    }
    for (const name of required) {
      if (name in properties || tree.entries.has(name)) continue
      parts.miss(missing(name, {}, tree.place, [...path, name]))
    }
    for (const [name, { tree: inner, keyPlace }] of tree.entries) {
      if (Object.hasOwn(properties, name)) continue
      const other = schemaOfOther(schema, name)
      if (other !== undefined) parts.add(name, this.read(other, inner, [...path, name]), false)
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

  /** Leaves to the validator what the walk does not know. */
  #checkRest(schema: JsonSchema, tree: Tree, path: Path, reading: Reading): Reading {
    const keywords = Object.keys(schema).filter((keyword) => !isRead(keyword, schema))
    if (keywords.length === 0 || hasHole(tree)) return reading
    const rest = Object.fromEntries(keywords.map((keyword) => [keyword, schema[keyword]]))
    const mismatches = this.#options.validator.compile(rest)(reading.stanza)
    const faults = mismatches.map(({ pointer, message }) => {
      const steps = stepsOf(pointer)
      const at = [...path, ...steps]
      const { place } = locate(tree, steps)
      return {
        place,
        path: at,
        message: `${subject(at)} ${message}`,
        expected: describeSchema(schema),
      }
    })
    return { ...reading, faults, usable: reading.usable && faults.length === 0 }
  }
}

/** Collects what the keys of a map come to. */
class Parts {
  readonly faults: ReadFault[] = []
  readonly #value: Record<string, unknown> = {}
  readonly #stanza: Record<string, unknown> = {}

  #usable = true

  /** @param required - whether the map is of no use without it */
  add(name: string, { value, stanza, faults, usable }: Reading, required: boolean): void {
    this.faults.push(...faults)
    if (!usable && required) this.#usable = false
    if (!usable) return
    this.#value[name] = value
    this.#stanza[name] = stanza
  }

  miss(fault: ReadFault): void {
    this.faults.push(fault)
    this.#usable = false
  }

  map(): Reading {
    const { faults } = this
    return { value: this.#value, stanza: this.#stanza, faults, usable: this.#usable }
  }
}

const annotations = [
  'title',
  'description',
  'default',
  'examples',
  'deprecated',
  'readOnly',
  'writeOnly',
  '$comment',
  '$id',
  '$schema',
  'markdownDescription',
]
const constraints = [
  'type',
  'const',
  'enum',
  'pattern',
  'minLength',
  'maxLength',
  'minimum',
  'maximum',
  'exclusiveMinimum',
  'exclusiveMaximum',
  'multipleOf',
  'properties',
  'required',
  'additionalProperties',
  'patternProperties',
  'items',
  'prefixItems',
  'additionalItems',
  'minItems',
  'maxItems',
  'allOf',
]
const read: ReadonlySet<string> = new Set([...annotations, ...constraints])

function isRead(keyword: string, schema: JsonSchema): boolean {
  if (keyword === 'anyOf') return !('properties' in schema)
  return read.has(keyword) || keyword.startsWith('x-')
}

type Parser = (value: string | number, schema: JsonSchema) => unknown

const parsers: Readonly<Record<string, Parser>> = {
  duration: (value, schema) => parseDuration(value, { zero: allowsZero(schema) }),
  size: (value) => parseSize(value),
  rate: (value) => parseRate(String(value)),
}

function readQuantity(quantity: string, schema: JsonSchema, tree: Tree, path: Path): Reading {
  if (tree.kind !== 'scalar') return misfit(schema, tree, path)
  const settled = settleQuantity(tree, schema)
  if (quantity === 'rate' && settled === false) return { ...good(false), value: undefined }
  const isWritten =
    typeof settled === 'string' || (quantity !== 'rate' && typeof settled === 'number')
  if (!isWritten) return misfit(schema, tree, path)
  try {
    return { ...good(settled), value: parsers[quantity]?.(settled, schema) }
  } catch (error) {
    if (!(error instanceof QuantityError)) throw error
    const { reason, expected } = error
    return bad(toFault({ otherKind: false, message: reason, expected }, tree, path))
  }
}

/** A loose `10` is a number of seconds, as it would be without a variable. */
function settleQuantity(tree: ScalarTree, schema: JsonSchema): ScalarTree['value'] {
  const [other = {}] = branchesOf(schema) ?? []
  return settleScalar(tree, other)
}

function allowsZero(schema: JsonSchema): boolean {
  return branchesOf(schema)?.some((branch) => branch['const'] === 0) === true
}

function readScalar(schema: JsonSchema, tree: ScalarTree, path: Path): Reading {
  const value = settleScalar(tree, schema)
  const wrong = checkScalar(value, schema)
  if (wrong === undefined) return good(value)
  return bad({ ...toFault(wrong, tree, path), tag: 'const' in schema })
}

/** The reading of the branch that was meant, if one is closer than the others. */
function closestReading(readings: readonly Reading[], path: Path): Reading | undefined {
  const ofKind = readings.filter(
    ({ faults }) => !faults.some((fault) => fault.otherKind && fault.path.length === path.length),
  )
  const tagged = ofKind.filter(({ faults }) => !faults.some((fault) => isTagOf(fault, path)))
  const [first, ...others] = tagged.length > 0 ? tagged : ofKind
  if (first === undefined) return undefined
  if (tagged.length === 0 && others.length > 0) return bad(...wrongTags(ofKind, path))
  return others.reduce(
    (best, reading) => (reading.faults.length < best.faults.length ? reading : best),
    first,
  )
}

/** No branch is about such a value at all; among fixed words, the nearest is suggested. */
function noBranch(
  schema: JsonSchema,
  branches: readonly JsonSchema[],
  tree: Tree,
  path: Path,
): ReadFault {
  const words = branches.flatMap((branch) => choicesOf(branch) ?? [])
  const isText = tree.kind === 'scalar' && typeof tree.value === 'string'
  const wrong =
    isText && words.some((word) => typeof word === 'string')
      ? { ...notAChoice(tree.value, words, schema) }
      : wrongKind(plainValue(tree), schema)
  return toFault(wrong, tree, path)
}

function isTagOf(fault: ReadFault, path: Path): boolean {
  return fault.tag === true && fault.path.length === path.length + 1
}

/** No branch has this tag: the alternatives are the expectation. */
function wrongTags(readings: readonly Reading[], path: Path): ReadFault[] {
  const tags = readings.flatMap(({ faults }) => faults.filter((fault) => isTagOf(fault, path)))
  const [first] = tags
  if (first === undefined) return []
  return [{ ...first, expected: either([...new Set(tags.map(({ expected }) => expected))]) }]
}

function schemaOfOther(schema: JsonSchema, name: string): JsonSchema | undefined {
  const patterns = Object.entries(schemaAt(schema, 'patternProperties') ?? {})
  const matching = patterns.find(([pattern]) => new RegExp(pattern, 'u').test(name))
  // Proof of the cast: what stands under a pattern is a schema, as in `propertiesOf`.
  if (matching !== undefined) return matching[1] as JsonSchema
  return schemaAt(schema, 'additionalProperties') ?? (isOpen(schema) ? {} : undefined)
}

function defaultOf(schema: JsonSchema, place: Place): Tree | undefined {
  return 'default' in schema ? treeOf(schema['default'], place) : undefined
}

function wrongLength(schema: JsonSchema, length: number): Misfit | undefined {
  const { minItems, maxItems } = schema
  const expected = describeSchema(schema)
  if (typeof minItems === 'number' && length < minItems) {
    const message = length === 0 ? 'is empty' : `has fewer than ${minItems} items`
    return { otherKind: false, message, expected }
  }
  if (typeof maxItems === 'number' && length > maxItems) {
    return { otherKind: false, message: `has more than ${maxItems} items`, expected }
  }
  return undefined
}

function missing(name: string, schema: JsonSchema, place: Place, path: Path): ReadFault {
  return { place, path, message: `\`${name}\` is missing`, expected: describeSchema(schema) }
}

/** The fault of a key nobody knows. */
export function unknownKey(
  name: string,
  known: readonly string[],
  place: Place,
  path: Path,
): Fault {
  const message = `unknown key \`${name}\`${suggestion(name, known)}`
  const expected = known.length === 0 ? 'no keys' : either(known.map((key) => `\`${key}\``))
  return { place, path, message, expected }
}

function allows(schema: JsonSchema, type: string): boolean {
  if ('const' in schema || 'enum' in schema) return false
  return typesOf(schema)?.includes(type) ?? true
}

function misfit(schema: JsonSchema, tree: Tree, path: Path): Reading {
  return bad(toFault(wrongKind(plainValue(tree), schema), tree, path))
}

function toFault({ message, expected, otherKind }: Misfit, tree: Tree, path: Path): ReadFault {
  const from =
    tree.kind === 'scalar' && tree.substituted ? ' (it comes from a variable or a file)' : ''
  return {
    place: tree.place,
    path,
    message: `${subject(path)} ${message}${from}`,
    expected,
    otherKind,
  }
}

/** What a message calls a place: its key, or its number in the list. */
function subject(path: Path): string {
  const last = path.at(-1)
  if (last === undefined) return 'the file'
  if (typeof last === 'string') return `\`${last}\``
  const list = path.at(-2)
  return typeof list === 'string' ? `item ${last + 1} of \`${list}\`` : `item ${last + 1}`
}

function hasHole(tree: Tree): boolean {
  switch (tree.kind) {
    case 'map':
      return [...tree.entries.values()].some(({ tree }) => hasHole(tree))
    case 'list':
      return tree.items.some(hasHole)
    case 'scalar':
      return false
    case 'hole':
      return true
  }
}

function stepsOf(pointer: string): string[] {
  const steps = pointer.split('/').slice(1)
  return steps.map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'))
}

/** For a value that could not be had: texts get one that says so, so that the rest can still be looked at. */
function standIn(schema: JsonSchema): Reading {
  const text = 'not-available'
  if (schema[quantityKeyword] === 'secrets') return { ...good(text), value: [text] }
  const isText =
    typesOf(schema)?.includes('string') === true && checkScalar(text, schema) === undefined
  return isText ? good(text) : { ...good(undefined), usable: false }
}

function good(value: unknown): Reading {
  return { value, stanza: value, faults: [], usable: true }
}

function bad(...faults: readonly ReadFault[]): Reading {
  return { value: undefined, stanza: undefined, faults, usable: false }
}

/** The tree of a stanza nobody wrote. */
export function absentStanza(schema: JsonSchema, place: Place): Tree {
  const given = defaultOf(schema, place)
  if (given !== undefined) return given
  const isList = typesOf(schema)?.includes('array') === true
  return isList ? { kind: 'list', place, items: [] } : emptyMap(place)
}
