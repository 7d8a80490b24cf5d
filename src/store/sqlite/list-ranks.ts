/** Which lists are meant, and which of them come first: 0 before 1. Of bytes, a statement takes a list's without a look-up. */
export class ListRanks {
  /** Four for each number of a list, big-endian: its rank and one, or 0 where it is not meant. */
  readonly bytes: Uint8Array
  readonly #ranks: ReadonlyMap<number, number>

  constructor(ranks: ReadonlyMap<number, number>) {
    this.#ranks = ranks
    const last = [...ranks.keys()].reduce((most, list) => Math.max(most, list), 0)
    this.bytes = new Uint8Array(4 * (last + 1))
    for (const [list, rank] of ranks) this.bytes.set(this.bytesOf(rank), 4 * list)
  }

  get lists(): readonly number[] {
    return [...this.#ranks.keys()]
  }

  of(list: number): number | undefined {
    return this.#ranks.get(list)
  }

  bytesOf(rank: number): Uint8Array {
    const bytes = new Uint8Array(4)
    new DataView(bytes.buffer).setUint32(0, rank + 1)
    return bytes
  }
}
