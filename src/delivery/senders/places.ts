import type { Exchange } from './exchange.ts'

/** Lets so many exchanges of one origin be under way at once; the others wait, within their deadlines. */
export class Places {
  readonly #most: number
  readonly #origins = new Map<string, Origin>()

  constructor(most: number) {
    this.#most = most
  }

  /** Calls `start` when there is a place, unless the exchange is settled by then. The place is free again when it is. */
  take(key: string, exchange: Exchange, start: () => void): void {
    const origin = this.#origins.get(key) ?? { taken: 0, waiting: [] }
    this.#origins.set(key, origin)
    if (origin.taken < this.#most) this.#occupy(key, origin, { exchange, start })
    else origin.waiting.push({ exchange, start })
  }

  #occupy(key: string, origin: Origin, { exchange, start }: Waiting): void {
    origin.taken += 1
    void exchange.reply.then(() => {
      origin.taken -= 1
      this.#next(key, origin)
    })
    start()
  }

  #next(key: string, origin: Origin): void {
    let next = origin.waiting.shift()
    while (next?.exchange.settled === true) next = origin.waiting.shift()
    if (next !== undefined) this.#occupy(key, origin, next)
    else if (origin.taken === 0) this.#origins.delete(key)
  }
}

interface Origin {
  taken: number
  readonly waiting: Waiting[]
}

interface Waiting {
  readonly exchange: Exchange
  readonly start: () => void
}
