import type { Clock } from '../../clock.ts'

/** Counts what began a moment ago and is not over: in the present span of time, or in the one before. */
export class RecentCount {
  readonly #clock: Clock
  readonly #spanMs: number
  /** The present span. */
  #span = 0
  #begunNow = 0
  #begunBefore = 0

  constructor(clock: Clock, spanMs: number) {
    this.#clock = clock
    this.#spanMs = spanMs
  }

  get value(): number {
    this.#turn()
    return this.#begunNow + this.#begunBefore
  }

  /** Gives what is to be told when it is over. */
  begin(): number {
    this.#turn()
    this.#begunNow += 1
    return this.#span
  }

  end(span: number): void {
    this.#turn()
    if (span === this.#span) this.#begunNow -= 1
    else if (span === this.#span - 1) this.#begunBefore -= 1
  }

  #turn(): void {
    const span = Math.floor(this.#clock.monotonic() / this.#spanMs)
    if (span === this.#span) return
    this.#begunBefore = span === this.#span + 1 ? this.#begunNow : 0
    this.#begunNow = 0
    this.#span = span
  }
}
