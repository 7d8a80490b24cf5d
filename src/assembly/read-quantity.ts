import { parseDuration } from '../quantity/duration.ts'
import { QuantityError } from '../quantity/quantity-error.ts'
import { parseRate } from '../quantity/rate.ts'
import { parseSize } from '../quantity/size.ts'
import { settleScalar } from './check-scalar.ts'
import { branchesOf, type JsonSchema } from './json-schema.ts'
import { bad, good, misfit, type Reading, toFault } from './reading.ts'
import type { Path, ScalarTree, Tree } from './tree.ts'

type Parser = (value: string | number, schema: JsonSchema) => unknown

const parsers: Readonly<Record<string, Parser>> = {
  duration: (value, schema) => parseDuration(value, { zero: allowsZero(schema) }),
  size: (value) => parseSize(value),
  rate: (value) => parseRate(String(value)),
}

/** Whether a schema's annotation names a quantity that is written as one scalar. */
export function isQuantity(annotation: unknown): annotation is string {
  return typeof annotation === 'string' && Object.hasOwn(parsers, annotation)
}

/** Reads a duration, a size or a rate. */
export function readQuantity(
  quantity: string,
  schema: JsonSchema,
  tree: Tree,
  path: Path,
): Reading {
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
