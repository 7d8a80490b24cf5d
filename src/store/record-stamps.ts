/** Counts what was written to each collection, so that whoever keeps what he has read knows for how long it holds. */
export class RecordStamps {
  readonly #writes = new Map<string, number>()
  #writesToAny = 0

  /** Something of the collection is about to be written. */
  touch(collection: string): void {
    this.#writes.set(collection, (this.#writes.get(collection) ?? 0) + 1)
  }

  /** Something of whichever collection is about to be written. */
  touchAny(): void {
    this.#writesToAny += 1
  }

  of(collection: string): string {
    return `${this.#writesToAny}.${this.#writes.get(collection) ?? 0}`
  }
}
