import { suggestion } from '../bus/suggestion.ts'
import { type Misfit, wrongKind } from './check-scalar.ts'
import { describeSchema, either } from './describe-schema.ts'
import type { Fault } from './fault.ts'
import type { JsonSchema } from './json-schema.ts'
import type { Place } from './source.ts'
import { type Path, plainValue, type Tree } from './tree.ts'

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

export interface ReadFault extends Fault {
  /** The value is something else altogether than this schema describes. */
  readonly otherKind?: boolean
  /** The constant that tells the branches of a union apart is another one. */
  readonly tag?: boolean
}

export function good(value: unknown): Reading {
  return { value, stanza: value, faults: [], usable: true }
}

export function bad(...faults: readonly ReadFault[]): Reading {
  return { value: undefined, stanza: undefined, faults, usable: false }
}

export function misfit(schema: JsonSchema, tree: Tree, path: Path): Reading {
  return bad(toFault(wrongKind(plainValue(tree), schema), tree, path))
}

export function toFault(
  { message, expected, otherKind }: Misfit,
  tree: Tree,
  path: Path,
): ReadFault {
  return {
    place: tree.place,
    path,
    message: `${subject(path)} ${message}${originOf(tree)}`,
    expected,
    otherKind,
  }
}

function originOf(tree: Tree): string {
  if (tree.kind !== 'scalar' || !tree.substituted) return ''
  const { variable } = tree
  return ` (it comes from ${variable === undefined ? 'a variable or a file' : `the variable \`${variable}\``})`
}

export function missing(name: string, schema: JsonSchema, place: Place, path: Path): ReadFault {
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

/** What a message calls a place: its key, or its number in the list. */
export function subject(path: Path): string {
  const last = path.at(-1)
  if (last === undefined) return 'the file'
  if (typeof last === 'string') return `\`${last}\``
  const list = path.at(-2)
  return typeof list === 'string' ? `item ${last + 1} of \`${list}\`` : `item ${last + 1}`
}
