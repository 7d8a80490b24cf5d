import type { Clock } from '../clock.ts'
import { hostSilenceMs } from '../store/liveness.ts'
import type { Store } from '../store/store.ts'

export interface OtherHostsParts {
  readonly store: Pick<Store, 'liveHosts'>
  readonly clock: Pick<Clock, 'now' | 'monotonic'>
}

/** Whether a host is gone. */
export type Absence = (host: string) => boolean

/** A clock that has moved by more than that on its own was set, or the computer slept. Milliseconds. */
const stepMs = 1_000

/**
 * Which of the hosts on the store are gone.
 *
 * A store that was away was so for the others, too, and after a step of the clock their last words seem old: they have time to say that they live.
 */
export class OtherHosts {
  readonly #parts: OtherHostsParts
  /** From here on silence means something, on the monotonic clock. */
  #sureFrom = Number.NEGATIVE_INFINITY
  #offset: number

  constructor(parts: OtherHostsParts) {
    this.#parts = parts
    this.#offset = this.#currentOffset()
  }

  storeWasAway(): void {
    this.#sureFrom = this.#parts.clock.monotonic() + hostSilenceMs
  }

  /** @throws {CarabinerError} STORE_UNAVAILABLE */
  async absence(): Promise<Absence> {
    const { store, clock } = this.#parts
    this.#noticeStep()
    if (clock.monotonic() < this.#sureFrom) return () => false
    const live = await store.liveHosts(clock.now())
    return (host) => !live.has(host)
  }

  #noticeStep(): void {
    const offset = this.#currentOffset()
    if (Math.abs(offset - this.#offset) > stepMs) this.storeWasAway()
    this.#offset = offset
  }

  #currentOffset(): number {
    const { clock } = this.#parts
    return clock.now() - clock.monotonic()
  }
}
