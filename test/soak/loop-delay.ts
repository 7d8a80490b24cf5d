import { clearInterval, setInterval } from 'node:timers'

const everyMs = 5

/** How late this process's event loop ran, moment by moment. */
export class LoopDelay implements Disposable {
  readonly #late: { readonly at: number; readonly ms: number }[] = []
  readonly #timer: NodeJS.Timeout
  #last = performance.now()

  constructor() {
    this.#timer = setInterval(() => {
      const at = performance.now()
      this.#late.push({ at, ms: Math.max(0, at - this.#last - everyMs) })
      this.#last = at
    }, everyMs)
  }

  /** The longest it was late between two moments of `performance.now()`, what is late right now included. */
  longest(from: number, to: number): number {
    return this.#between(from, to).reduce((longest, ms) => Math.max(longest, ms), 0)
  }

  /** All it was late between two moments, by a beat or more at a time: at the start of something, on its way and at its end. */
  total(from: number, to: number): number {
    return this.#between(from, to)
      .filter((ms) => ms >= everyMs)
      .reduce((sum, ms) => sum + ms, 0)
  }

  #between(from: number, to: number): number[] {
    const found = [Math.max(0, performance.now() - this.#last - everyMs)]
    for (let index = this.#late.length - 1; index >= 0; index -= 1) {
      const each = this.#late[index]
      if (each === undefined || each.at < from) break
      if (each.at - each.ms <= to) found.push(each.ms)
    }
    return found
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer)
  }
}
