/** Parts of a document that stand in it once, each under a name. */
export class NamedParts {
  readonly #parts = new Map<string, { readonly text: string; readonly part: object }>()

  /** In the order of their names. */
  get all(): Readonly<Record<string, object>> {
    const entries = [...this.#parts].map(([name, { part }]) => [name, part] as const)
    return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)))
  }

  /** @returns the name under which it stands: the one that is wanted, with a number behind it when another part has that */
  add(wanted: string, part: object): string {
    const text = JSON.stringify(part)
    for (let count = 1; ; count++) {
      const name = count === 1 ? wanted : `${wanted}${count}`
      const known = this.#parts.get(name)
      if (known === undefined) this.#parts.set(name, { text, part })
      if (known === undefined || known.text === text) return name
    }
  }
}
