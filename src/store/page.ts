/** A part of a listing. */
export interface Page<T> {
  readonly rows: readonly T[]
  /** `null` on the last page. */
  readonly nextCursor: string | null
}
