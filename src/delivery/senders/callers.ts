import { TurnoverSet } from '../../turnover.ts'

/** What its caller may give up. */
export interface Abortable {
  giveUp(): void
}

/** Tells requests that their caller's signal was aborted. An endpoint's requests share one, and one listener is enough for it. */
export class Callers {
  readonly #waiting = new WeakMap<AbortSignal, TurnoverSet<Abortable>>()

  add(signal: AbortSignal, each: Abortable): void {
    const known = this.#waiting.get(signal)
    if (known !== undefined) {
      known.add(each)
      return
    }
    const waiting = new TurnoverSet<Abortable>()
    waiting.add(each)
    this.#waiting.set(signal, waiting)
    signal.addEventListener('abort', () => giveUpAll(waiting), { once: true })
  }

  delete(signal: AbortSignal, each: Abortable): void {
    this.#waiting.get(signal)?.delete(each)
  }
}

function giveUpAll(waiting: TurnoverSet<Abortable>): void {
  for (const each of waiting.values()) each.giveUp()
}
