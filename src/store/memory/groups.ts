/** Items in groups; a group goes with the last of them. */
export class Groups<Key, T> {
  readonly #groups = new Map<Key, Set<T>>()

  add(key: Key, item: T): void {
    const group = this.#groups.get(key)
    if (group === undefined) this.#groups.set(key, new Set([item]))
    else group.add(item)
  }

  delete(key: Key, item: T): void {
    const group = this.#groups.get(key)
    group?.delete(item)
    if (group?.size === 0) this.#groups.delete(key)
  }

  of(key: Key): Iterable<T> {
    return this.#groups.get(key) ?? []
  }
}
