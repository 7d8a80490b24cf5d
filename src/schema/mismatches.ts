import type { ErrorObject } from 'ajv/dist/2020.js'
import type { Mismatch } from '../errors.ts'
import { belongs, isUnion, isWithin, whatWasMeant } from './union-errors.ts'

/** A mismatch, and what of the schema it is about. */
export interface Finding extends Mismatch {
  /** `required`, `format` … */
  readonly keyword: string
  /** The member that is missing, or that must not be there. */
  readonly property?: string
}

/** Puts Ajv's errors into words for people: see `findingsOf`. */
export function describeErrors(errors: readonly ErrorObject[], value: unknown): Mismatch[] {
  return findingsOf(errors, value).map(({ pointer, message }) => ({ pointer, message }))
}

/**
 * Puts Ajv's errors into words for people.
 *
 * A value that matches no branch of a union is one mistake, not one for each branch: the branch that came closest speaks,
 * and when none is closer the alternatives are listed. No value is ever quoted, only its type: it may be a secret.
 */
export function findingsOf(errors: readonly ErrorObject[], value: unknown): Finding[] {
  const unions = errors.filter(isUnion)
  const outermost = unions.filter((union) => !unions.some((other) => isWithin(union, other)))
  const described = outermost.flatMap((union) => describeUnion(union, errors, value))
  const elsewhere = errors.filter(
    (error) => error.keyword !== 'if' && !outermost.some((union) => belongs(error, union)),
  )
  return distinct([...elsewhere.map((error) => describeError(error, value)), ...described])
}

function describeUnion(
  union: ErrorObject,
  errors: readonly ErrorObject[],
  value: unknown,
): Finding[] {
  if (union.keyword === 'oneOf' && union.params['passingSchemas'] !== null) {
    return [about(union, 'must match only one of the alternatives')]
  }
  const meant = whatWasMeant(union, errors, (branch) => findingsOf(branch, value).length)
  switch (meant.kind) {
    case 'branch':
      return findingsOf(meant.errors, value)
    case 'tag':
    case 'none':
      return [anyOf(union, meant.errors) ?? noneFits(union)]
    case 'several':
      return [missingFrom(union, meant.branches) ?? noneFits(union)]
  }
}

/** What is wanted in one place, one or the other; `undefined`: it is not about one place, or not all of it can be named. */
function anyOf(union: ErrorObject, errors: readonly ErrorObject[]): Finding | undefined {
  const [first] = errors
  const words = errors.map(alternative).filter((each) => each !== undefined)
  const isOnePlace = errors.every((each) => each.instancePath === first?.instancePath)
  if (first === undefined || !isOnePlace || words.length < errors.length) return undefined
  const { instancePath: pointer } = first
  return { ...about(union, `must be ${list([...new Set(words)])}`), pointer }
}

/** The keys that would make the value one of equally close branches. */
function missingFrom(
  union: ErrorObject,
  branches: readonly (readonly ErrorObject[])[],
): Finding | undefined {
  const missing = branches.map((branch) => branch.filter(({ keyword }) => keyword === 'required'))
  const pointers = new Set(missing.flat().map(({ instancePath }) => instancePath))
  const [pointer] = pointers
  if (pointer === undefined || pointers.size > 1) return undefined
  if (missing.some((keys) => keys.length === 0)) return undefined
  const ways = missing.map((keys) =>
    keys.map(({ params }) => `\`${params['missingProperty']}\``).join(' and '),
  )
  return { ...about(union, `must have ${list([...new Set(ways)])}`), pointer }
}

function noneFits(union: ErrorObject): Finding {
  return about(union, 'must match one of the alternatives')
}

function about({ instancePath, keyword }: ErrorObject, message: string): Finding {
  return { pointer: instancePath, message, keyword }
}

function alternative(error: ErrorObject): string | undefined {
  switch (error.keyword) {
    case 'type':
      return typeNames(error.params['type'])
    case 'const':
      return JSON.stringify(error.params['allowedValue'])
    case 'enum':
      return list(namesOf(error.params['allowedValues']))
    default:
      return undefined
  }
}

function describeError(error: ErrorObject, value: unknown): Finding {
  const property = propertyOf(error)
  return {
    ...about(error, wording(error, value)),
    ...(property !== undefined && { property }),
  }
}

function propertyOf({ params }: ErrorObject): string | undefined {
  const { missingProperty, additionalProperty, unevaluatedProperty } = params
  const property: unknown = missingProperty ?? additionalProperty ?? unevaluatedProperty
  return typeof property === 'string' ? property : undefined
}

function wording(error: ErrorObject, value: unknown): string {
  const { params } = error
  switch (error.keyword) {
    case 'required':
      return `must have \`${params['missingProperty']}\``
    case 'additionalProperties':
      return `must not have \`${params['additionalProperty']}\``
    case 'unevaluatedProperties':
      return `must not have \`${params['unevaluatedProperty']}\``
    case 'type':
      return `must be ${typeNames(params['type'])}${found(error, value)}`
    case 'const':
      return `must be ${JSON.stringify(params['allowedValue'])}`
    case 'enum':
      return `must be ${list(namesOf(params['allowedValues']))}`
    case 'format':
      return `must be ${withArticle(String(params['format']))}`
    case 'false schema':
      return 'must not be there'
    default:
      return error.message ?? `does not match \`${error.keyword}\``
  }
}

function found(error: ErrorObject, value: unknown): string {
  const type = typeOf(valueAt(value, error.instancePath))
  return type === undefined ? '' : `, is ${type}`
}

function valueAt(value: unknown, pointer: string): unknown {
  let current = value
  for (const step of pointer.split('/').slice(1)) {
    if (typeof current !== 'object' || current === null) return undefined
    const name = step.replaceAll('~1', '/').replaceAll('~0', '~')
    current = Reflect.get(current, name)
  }
  return current
}

function typeOf(value: unknown): string | undefined {
  if (value === undefined) return undefined
  if (value === null) return 'null'
  return withArticle(Array.isArray(value) ? 'array' : typeof value)
}

function typeNames(type: unknown): string {
  const names = Array.isArray(type) ? type : String(type).split(',')
  return list(names.map((name) => (name === 'null' ? name : withArticle(String(name)))))
}

function namesOf(values: unknown): string[] {
  return Array.isArray(values) ? values.map((value) => JSON.stringify(value)) : []
}

function withArticle(noun: string): string {
  return /^[aeiou](?!ri|uid)/.test(noun) ? `an ${noun}` : `a ${noun}`
}

function list(alternatives: readonly string[]): string {
  if (alternatives.length < 2) return alternatives.join('')
  return `${alternatives.slice(0, -1).join(', ')} or ${alternatives.at(-1)}`
}

function distinct(findings: readonly Finding[]): Finding[] {
  const seen = new Map(findings.map((each) => [`${each.pointer}\n${each.message}`, each]))
  return [...seen.values()]
}
