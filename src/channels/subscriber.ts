import { AsyncLocalStorage } from 'node:async_hooks'
import type { ChannelMessage } from './message.ts'
import type { Selector } from './selector.ts'

export type SubscriberHandler = (
  message: ChannelMessage,
  from: { readonly channel: string },
) => void | Promise<void>

interface Waiting {
  readonly channel: string
  readonly message: ChannelMessage
  /** The publisher waits until it is handled. */
  readonly handling: Pick<PromiseWithResolvers<void>, 'resolve' | 'reject'> | undefined
}

/**
 * One subscriber: a queue of messages and the handler that gets them, one after the other.
 *
 * The queue has a bound. A publisher that meets a full one waits; publishers are let in in the order in which they came.
 */
export class Subscriber {
  readonly selector: Selector
  readonly #handler: SubscriberHandler
  readonly #bound: number
  readonly #awaited: boolean
  readonly #failed: (channel: string, error: unknown) => void
  /** Handlers run where they were subscribed, not inside whatever happened to publish. */
  readonly #inOwnContext: <T>(run: () => T) => T = AsyncLocalStorage.snapshot()
  #queue: Waiting[] = []
  #head = 0
  #outside: { readonly waiting: Waiting; readonly admitted: () => void }[] = []
  #isWorking = false
  #isGone = false
  #idle: (() => void)[] = []

  constructor(
    selector: Selector,
    handler: SubscriberHandler,
    options: { readonly bound: number; readonly awaited: boolean },
    failed: (channel: string, error: unknown) => void,
  ) {
    this.selector = selector
    this.#handler = handler
    this.#bound = options.bound
    this.#awaited = options.awaited
    this.#failed = failed
  }

  /**
   * Takes a message in. Resolves when there was room for it; for an awaited subscriber when it was handled, and rejects
   * with what its handler threw.
   */
  async take(channel: string, message: ChannelMessage): Promise<void> {
    if (this.#isGone) return
    const handling = this.#awaited ? Promise.withResolvers<void>() : undefined
    await this.#enter({ channel, message, handling })
    await handling?.promise
  }

  /** Resolves when nothing waits and nothing is being handled. */
  async drain(): Promise<void> {
    if (!this.#isWorking) return
    await new Promise<void>((resolve) => this.#idle.push(resolve))
  }

  /** Ends it: what waits is dropped, publishers that wait go on. The message being handled is handled to its end. */
  dispose(): void {
    this.#isGone = true
    const dropped = this.#queue.slice(this.#head)
    this.#queue = []
    this.#head = 0
    for (const { handling } of dropped) handling?.resolve()
    for (const { waiting, admitted } of this.#outside.splice(0)) {
      waiting.handling?.resolve()
      admitted()
    }
  }

  /** Resolves when the message is in the queue. */
  #enter(waiting: Waiting): Promise<void> {
    if (this.#isFull) {
      return new Promise<void>((admitted) => {
        this.#outside.push({ waiting, admitted })
      })
    }
    this.#enqueue(waiting)
    return Promise.resolve()
  }

  get #isFull(): boolean {
    return this.#queue.length - this.#head >= this.#bound
  }

  #enqueue(waiting: Waiting): void {
    this.#queue.push(waiting)
    if (this.#isWorking) return
    this.#isWorking = true
    // Its own turn: a handler never runs inside `publish`.
    queueMicrotask(() => this.#inOwnContext(() => this.#work()))
  }

  async #work(): Promise<void> {
    for (let next = this.#next(); next !== undefined; next = this.#next()) {
      const { channel, message, handling } = next
      try {
        await this.#handler(message, { channel })
        handling?.resolve()
      } catch (error) {
        if (handling === undefined) this.#failed(channel, error)
        else handling.reject(error)
      }
    }
    this.#isWorking = false
    for (const resolve of this.#idle.splice(0)) resolve()
  }

  #next(): Waiting | undefined {
    const next = this.#queue[this.#head]
    if (next === undefined) return undefined
    this.#head++
    if (this.#head > 64 && this.#head * 2 > this.#queue.length) {
      this.#queue = this.#queue.slice(this.#head)
      this.#head = 0
    }
    // Whoever waits outside enters in the same step: a publisher that comes now cannot get ahead of it.
    const entering = this.#outside.shift()
    if (entering !== undefined) {
      this.#queue.push(entering.waiting)
      entering.admitted()
    }
    return next
  }
}
