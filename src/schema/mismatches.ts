import type { ErrorObject } from 'ajv/dist/2020.js'
import type { Mismatch } from '../errors.ts'

/**
 * Puts Ajv's errors into words for people.
 *
 * A value that matches no branch of a union is one mistake, not one for each branch: the branch that came closest speaks,
 * and when none is closer the alternatives are listed. No value is ever quoted, only its type: it may be a secret.
 */
export function describeErrors(errors: readonly ErrorObject[], value: unknown): Mismatch[] {
  const unions = errors.filter((error) => error.keyword === 'anyOf' || error.keyword === 'oneOf')
  const outermost = unions.filter((union) => !unions.some((other) => isWithin(union, other)))
  const described = outermost.flatMap((union) => describeUnion(union, errors, value))
  const elsewhere = errors.filter(
    (error) => error.keyword !== 'if' && !outermost.some((union) => belongs(error, union)),
  )
  return distinct([...elsewhere.map((error) => describeError(error, value)), ...described])
}

function isWithin(error: ErrorObject, union: ErrorObject): boolean {
  return error !== union && belongs(error, union)
}

/** Whether an error is the union itself or comes from one of its branches. */
function belongs(error: ErrorObject, union: ErrorObject): boolean {
  if (error === union) return true
  return branchOf(error, union) !== undefined && isBelow(error.instancePath, union.instancePath)
}

function isBelow(path: string, parent: string): boolean {
  return path === parent || path.startsWith(`${parent}/`)
}

function branchOf(error: ErrorObject, union: ErrorObject): string | undefined {
  const prefix = `${union.schemaPath}/`
  if (!error.schemaPath.startsWith(prefix)) return undefined
  return error.schemaPath.slice(prefix.length).split('/', 1)[0]
}

function describeUnion(
  union: ErrorObject,
  errors: readonly ErrorObject[],
  value: unknown,
): Mismatch[] {
  if (union.keyword === 'oneOf' && union.params['passingSchemas'] !== null) {
    return [{ pointer: union.instancePath, message: 'must match only one of the alternatives' }]
  }
  const branches = Map.groupBy(
    errors.filter((error) => isWithin(error, union)),
    (error) => branchOf(error, union),
  )
  const here = (error: ErrorObject): boolean => error.instancePath === union.instancePath
  const closer = [...branches.values()].filter(
    (branch) => !branch.some((error) => (here(error) && isOfKind(error)) || isTag(error)),
  )
  const [only] = closer
  if (only !== undefined && closer.length === 1) return describeErrors(only, value)
  const wanted = [...branches.values()].flat().filter(here).map(alternative)
  const known = wanted.filter((each) => each !== undefined)
  if (known.length === 0 || known.length < wanted.length) {
    return [{ pointer: union.instancePath, message: 'must match one of the alternatives' }]
  }
  return [{ pointer: union.instancePath, message: `must be ${list([...new Set(known)])}` }]
}

/** The value is something else altogether than this branch describes. */
function isOfKind(error: ErrorObject): boolean {
  return error.keyword === 'type' || error.keyword === 'const' || error.keyword === 'enum'
}

/** The property that tells the branches apart says another one. */
function isTag(error: ErrorObject): boolean {
  return error.keyword === 'const'
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

function describeError(error: ErrorObject, value: unknown): Mismatch {
  return { pointer: error.instancePath, message: wording(error, value) }
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

function distinct(mismatches: readonly Mismatch[]): Mismatch[] {
  const seen = new Map(mismatches.map((each) => [`${each.pointer}\n${each.message}`, each]))
  return [...seen.values()]
}
