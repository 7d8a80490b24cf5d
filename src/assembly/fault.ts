import type { Place } from './source.ts'
import type { Path } from './tree.ts'

/** A problem before it is known which line it is on: what is wrong at a place of the text. */
export interface Fault {
  readonly place: Place
  readonly path: Path
  readonly message: string
  readonly expected: string
  /** @defaultValue `error` */
  readonly severity?: 'error' | 'warning'
}

/** Whether a problem keeps the host from starting. */
export function isError({ severity }: Pick<Fault, 'severity'>): boolean {
  return severity !== 'warning'
}
