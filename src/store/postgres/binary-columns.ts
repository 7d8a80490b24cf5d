import { binaryArray, type ElementType } from './binary-array.ts'

/** One column of rows, as the array that `unnest` takes. */
export type BinaryColumn<Row> = (rows: readonly Row[]) => Buffer

export function binaryColumn<Row, T>(
  type: ElementType<T>,
  cell: (row: Row) => T | null | undefined,
): BinaryColumn<Row> {
  return (rows) => binaryArray(type, rows.map(cell))
}
