/** Numbers of rows, a bit for each from the first to the last: of ten thousands, a set takes ten times as long to make and to ask. */
export class RowSet {
  readonly #first: number
  readonly #bits: Uint8Array

  constructor(rows: readonly number[]) {
    this.#first = rows.reduce((least, row) => Math.min(least, row), Infinity)
    const last = rows.reduce((most, row) => Math.max(most, row), -Infinity)
    this.#bits = new Uint8Array(rows.length === 0 ? 0 : Math.floor((last - this.#first) / 8) + 1)
    for (const row of rows) {
      const at = row - this.#first
      const byte = Math.floor(at / 8)
      this.#bits[byte] = (this.#bits[byte] ?? 0) | (1 << (at % 8))
    }
  }

  has(row: number): boolean {
    const at = row - this.#first
    return at >= 0 && ((this.#bits[Math.floor(at / 8)] ?? 0) & (1 << (at % 8))) !== 0
  }
}
