/** One thing wrong with an assembly, with its place in the file. */
export interface Problem {
  readonly file: string
  /** From 1. */
  readonly line: number
  /** From 1. */
  readonly column: number
  /** `webhooks[0].events`, `''` for the file itself. */
  readonly path: string
  readonly message: string
  readonly expected: string
  /** The line with a caret under the place; secrets masked. */
  readonly excerpt: string
}
