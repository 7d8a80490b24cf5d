import { TurnoverMap } from 'carabiner'
/**
 * Looks that many may ask for at once: whoever asks for the same before the look has begun shares it. A look that has begun is shared no more, so
 * nobody is told what was there before he asked.
 */
export class SharedLooks<T> {
  readonly #asked = new TurnoverMap<string, Promise<T>>()

  ask(what: string, look: () => Promise<T>): Promise<T> {
    const known = this.#asked.get(what)
    if (known !== undefined) return known
    // Events of a batch ask one right after the other: all of them before this goes on.
    const asked = Promise.resolve().then(() => {
      this.#asked.delete(what)
      return look()
    })
    this.#asked.set(what, asked)
    return asked
  }
}
