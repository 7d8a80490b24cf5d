import type { Validator } from '../schema/validator.ts'
import { describeSchema } from './describe-schema.ts'
import type { JsonSchema } from './json-schema.ts'
import { type Reading, subject } from './reading.ts'
import { locate, type Path, type Tree } from './tree.ts'

/** Leaves to the validator what the walk does not know. */
export function checkRest(
  schema: JsonSchema,
  tree: Tree,
  path: Path,
  reading: Reading,
  validator: Validator,
): Reading {
  const keywords = Object.keys(schema).filter((keyword) => !isRead(keyword, schema))
  if (keywords.length === 0 || hasHole(tree)) return reading
  const rest = Object.fromEntries(keywords.map((keyword) => [keyword, schema[keyword]]))
  const mismatches = validator.compile(rest)(reading.stanza)
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

const annotations =
  'title description default examples deprecated readOnly writeOnly $comment $id $schema markdownDescription'
const constraints =
  'type const enum pattern minLength maxLength minimum maximum exclusiveMinimum exclusiveMaximum multipleOf ' +
  'properties required additionalProperties patternProperties items prefixItems additionalItems minItems maxItems allOf'
/** Keywords that the walk knows; a schema with others is shown to the validator. */
const read: ReadonlySet<string> = new Set(`${annotations} ${constraints}`.split(' '))

function isRead(keyword: string, schema: JsonSchema): boolean {
  if (keyword === 'anyOf') return !('properties' in schema)
  return read.has(keyword) || keyword.startsWith('x-')
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
