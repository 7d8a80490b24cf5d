import { quantityKeyword } from '../quantity/schemas.ts'
import { checkScalar } from './check-scalar.ts'
import { type JsonSchema, typesOf } from './json-schema.ts'
import { good, type Reading } from './reading.ts'
import type { Place } from './source.ts'
import { emptyMap, type Tree, treeOf } from './tree.ts'

/** For a value that could not be had: texts get one that says so, so that the rest can still be looked at. */
export function standIn(schema: JsonSchema): Reading {
  const text = 'not-available'
  if (schema[quantityKeyword] === 'secrets') return { ...good(text), value: [text] }
  const isText =
    typesOf(schema)?.includes('string') === true && checkScalar(text, schema) === undefined
  return isText ? good(text) : { ...good(undefined), usable: false }
}

/** The tree of a stanza nobody wrote. */
export function absentStanza(schema: JsonSchema, place: Place): Tree {
  const given = defaultOf(schema, place)
  if (given !== undefined) return given
  const isList = typesOf(schema)?.includes('array') === true
  return isList ? { kind: 'list', place, items: [] } : emptyMap(place)
}

export function defaultOf(schema: JsonSchema, place: Place): Tree | undefined {
  return 'default' in schema ? treeOf(schema['default'], place) : undefined
}
