import type { ErrorObject } from 'ajv/dist/2020.js'

type Errors = readonly ErrorObject[]

/** What a value that matches no branch of a union was meant to be. */
export type Meant =
  /** One branch is closer than the others: these are its errors. */
  | { readonly kind: 'branch'; readonly errors: Errors }
  /** The property that tells the branches apart names none of them; what each branch wants it to be. */
  | { readonly kind: 'tag'; readonly errors: Errors }
  /** Several branches are equally close; the errors of each. */
  | { readonly kind: 'several'; readonly branches: readonly Errors[] }
  /** No branch is about such a value; what each wants instead. */
  | { readonly kind: 'none'; readonly errors: Errors }

export function isUnion({ keyword }: ErrorObject): boolean {
  return keyword === 'anyOf' || keyword === 'oneOf'
}

/** Whether an error is the union itself or comes from one of its branches. */
export function belongs(error: ErrorObject, union: ErrorObject): boolean {
  if (error === union) return true
  return wayTo(error, union) !== undefined && isBelow(error.instancePath, union.instancePath)
}

export function isWithin(error: ErrorObject, union: ErrorObject): boolean {
  return error !== union && belongs(error, union)
}

/** The first errors, without those of a union that ends beyond them: Ajv tells of its branches first. */
export function firstErrors(errors: Errors, most: number): Errors {
  const cut = errors.slice(most, 2 * most).filter(isUnion)
  return errors.slice(0, most).filter((error) => !cut.some((union) => isWithin(error, union)))
}

/**
 * Finds the branch that was meant: of its kind, with its tag, with the fewest keys it does not know, then with the fewest mistakes.
 *
 * @param mistakes - how many mistakes a person would see in these errors
 */
export function whatWasMeant(
  union: ErrorObject,
  errors: Errors,
  mistakes: (errors: Errors) => number,
): Meant {
  const within = errors.filter((error) => isWithin(error, union))
  const branches = [...Map.groupBy(within, (error) => wayTo(error, union)?.[0]).values()]
  const here = (error: ErrorObject): boolean => error.instancePath === union.instancePath
  const ofKind = branches.filter((branch) => !branch.some((error) => here(error) && isKind(error)))
  if (ofKind.length === 0) {
    return { kind: 'none', errors: within.filter((error) => here(error) && !isUnion(error)) }
  }

  const tagged = ofKind.filter((branch) => !branch.some((error) => isTag(error, union)))
  if (tagged.length === 0) {
    return { kind: 'tag', errors: ofKind.flat().filter((error) => isTag(error, union)) }
  }
  const unknownKeys = (branch: Errors): number =>
    branch.filter((error) => here(error) && error.keyword === 'additionalProperties').length
  const close = fewest(fewest(tagged, unknownKeys), mistakes)
  const [only] = close
  return close.length === 1 && only !== undefined
    ? { kind: 'branch', errors: only }
    : { kind: 'several', branches: close }
}

/** The steps in the schema from the union to what complains: the branch first. */
function wayTo(error: ErrorObject, union: ErrorObject): readonly string[] | undefined {
  const prefix = `${union.schemaPath}/`
  if (!error.schemaPath.startsWith(prefix)) return undefined
  return error.schemaPath.slice(prefix.length).split('/')
}

function isBelow(path: string, parent: string): boolean {
  return path === parent || path.startsWith(`${parent}/`)
}

/** The value is something else altogether than this branch describes. */
function isKind({ keyword }: ErrorObject): boolean {
  return keyword === 'type' || keyword === 'const' || keyword === 'enum'
}

/** The property that tells the branches apart says another one. */
function isTag(error: ErrorObject, union: ErrorObject): boolean {
  const way = wayTo(error, union)
  return error.keyword === 'const' && way?.length === 4 && way[1] === 'properties'
}

function fewest(branches: readonly Errors[], count: (branch: Errors) => number): readonly Errors[] {
  const least = Math.min(...branches.map(count))
  return branches.filter((branch) => count(branch) === least)
}
