import { permitsOf, permitWindowOf } from '../permit-window.ts'
import type { PermitRequest, Permits } from '../permits.ts'

/** What was taken of each key, window by window. */
export class PermitBook {
  /** By the time at which windows are forgotten. There are a few: those of now and those before, for each length. */
  readonly #windows = new Map<number, Map<string, number>>()

  take(key: string, request: PermitRequest): Permits {
    this.#forget(request.now)
    const { forgetAt } = permitWindowOf(request)
    const window = this.#windows.get(forgetAt) ?? new Map<string, number>()
    const taken = window.get(key) ?? 0
    const permits = permitsOf(request, taken)
    this.#windows.set(forgetAt, window.set(key, taken + permits.granted))
    return permits
  }

  #forget(now: number): void {
    for (const forgetAt of this.#windows.keys()) {
      if (forgetAt <= now) this.#windows.delete(forgetAt)
    }
  }
}
