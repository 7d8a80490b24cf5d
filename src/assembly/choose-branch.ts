import { notAChoice, wrongKind } from './check-scalar.ts'
import { either } from './describe-schema.ts'
import { choicesOf, type JsonSchema } from './json-schema.ts'
import { bad, type ReadFault, type Reading, toFault } from './reading.ts'
import { type Path, plainValue, type Tree } from './tree.ts'

/** The reading of the branch that was meant, if one is closer than the others. */
export function closestReading(readings: readonly Reading[], path: Path): Reading | undefined {
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
export function noBranch(
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
