import type { Value } from './database.ts'

/** PostgreSQL has no text with a NUL in it; what a receiver or a caller put there is shown as what it is: unreadable. */
export function text(value: string): string {
  return value.includes('\0') ? value.replaceAll('\0', '\uFFFD') : value
}

export function optionalText(value: string | null): string | null {
  return value === null ? null : text(value)
}

/** One array for each column of the rows, as `unnest` takes them. */
export function columns<T>(
  rows: readonly T[],
  valuesOf: readonly ((row: T) => Exclude<Value, readonly unknown[]>)[],
): Value[] {
  return valuesOf.map((column) => rows.map(column))
}

/** `$first` to `$(first + count - 1)`, for a routine's call. */
export function placeholders(count: number, first: number = 1): string {
  return Array.from({ length: count }, (_, index) => `$${first + index}`).join(', ')
}
