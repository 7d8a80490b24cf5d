import { excerptOf } from './excerpt.ts'
import type { Fault } from './fault.ts'
import type { Problem } from './problem.ts'
import type { Redactor } from './redactor.ts'
import { type Place, positionAt, type Source } from './source.ts'
import { printPath } from './tree.ts'

const most = 1_000

/** Makes problems of faults: each once, in the order of the file, with line, column and excerpt, without secrets. */
export function reportFaults(
  faults: readonly Fault[],
  source: Source,
  hidden: readonly Place[],
  redactor: Redactor,
): Problem[] {
  const distinct = new Map(faults.map((fault) => [`${fault.place.offset} ${fault.message}`, fault]))
  const inOrder = [...distinct.values()].sort((a, b) => a.place.offset - b.place.offset)
  return limited(inOrder).map((fault) => ({
    file: source.file,
    ...positionAt(source, fault.place.offset),
    path: printPath(fault.path),
    message: redactor.text(fault.message),
    expected: redactor.text(fault.expected),
    excerpt: redactor.text(excerptOf(source, fault.place, hidden)),
  }))
}

/** A file with more problems than anybody reads is told where the rest begins. */
function limited(faults: readonly Fault[]): readonly Fault[] {
  const next = faults[most]
  if (next === undefined) return faults
  const message = `and ${faults.length - most} problems more from here on`
  return [...faults.slice(0, most), { ...next, message, expected: '' }]
}
