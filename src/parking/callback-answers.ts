import { callbackError } from '../bus/callback-error.ts'
import type { CallbackResolution } from '../bus/callback-resolution.ts'

/** The callbacks that code of this process awaits, and nothing of those that wait in the store alone. */
export class CallbackAnswers {
  readonly #awaited = new Map<string, PromiseWithResolvers<unknown>>()

  /** Whether somebody here awaits it. */
  has(callbackId: string): boolean {
    return this.#awaited.has(callbackId)
  }

  /** Resolves to its payload. Rejects with a CarabinerError: CALLBACK_FAILED, CALLBACK_EXPIRED. */
  of(callbackId: string): Promise<unknown> {
    const known = this.#awaited.get(callbackId)
    if (known !== undefined) return known.promise
    const awaited = Promise.withResolvers<unknown>()
    this.#awaited.set(callbackId, awaited)
    // Whoever never looks at it wants to hear of nothing.
    awaited.promise.catch(() => undefined)
    return awaited.promise
  }

  settle(resolution: CallbackResolution): void {
    const { callbackId } = resolution
    const awaited = this.#awaited.get(callbackId)
    if (awaited === undefined) return
    this.#awaited.delete(callbackId)
    if (resolution.kind === 'completed') awaited.resolve(resolution.payload)
    else awaited.reject(callbackError(resolution))
  }

  /** Nobody awaits it any more, or whoever does waits in vain. */
  forget(callbackId: string): void {
    this.#awaited.delete(callbackId)
  }
}
