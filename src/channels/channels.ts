import type { Logger } from '../bus/handler.ts'
import type { Clock } from '../clock.ts'
import { CarabinerError, messageOf } from '../errors.ts'
import { type DurationText, parseDuration } from '../quantity/duration.ts'
import { createMessage } from './create-message.ts'
import type { MessageInput } from './message.ts'
import { checkChannelName, matchesSelector, parseSelector } from './selector.ts'
import { Subscriber, type SubscriberHandler } from './subscriber.ts'

const defaultBound = 1_000

export interface SubscribeOptions {
  /** Messages that may wait for this subscriber before `publish` waits. @defaultValue 1000 */
  readonly bound?: number
  /** Whether `publish` resolves only when the handler has returned. @defaultValue false */
  readonly awaited?: boolean
}

/** What `publishEvery` publishes; `undefined`: nothing this time. */
export type MessageMaker = () =>
  | MessageInput
  | string
  | undefined
  | Promise<MessageInput | string | undefined>

/**
 * Messages from publishers to subscribers within one process.
 *
 * Each subscriber has its own queue: it gets a channel's messages in the order in which they were published, at its own
 * pace, and what it throws is logged and concerns nobody else.
 */
export class Channels {
  readonly #clock: Clock
  readonly #log: Logger
  readonly #subscribers = new Set<Subscriber>()
  readonly #repeating = new Set<Disposable>()
  #isStopped = false

  constructor(options: { readonly clock: Clock; readonly log: Logger }) {
    this.#clock = options.clock
    this.#log = options.log
  }

  /**
   * Publishes a message. Resolves when every subscriber has room for it, and those that are awaited have handled it.
   *
   * @throws {CarabinerError} CHANNEL_INVALID, or SHUTTING_DOWN after `stop`
   * @throws what an awaited subscriber threw, once all others have the message; an AggregateError when several did
   */
  async publish(channel: string, message: MessageInput | string | Uint8Array): Promise<void> {
    checkChannelName(channel)
    if (this.#isStopped) throw new CarabinerError('SHUTTING_DOWN', 'the channels are closed')
    const created = createMessage(message, new Date(this.#clock.now()))
    const taking: Promise<void>[] = []
    for (const subscriber of this.#subscribers) {
      if (matchesSelector(subscriber.selector, channel)) {
        taking.push(subscriber.take(channel, created))
      }
    }
    throwFailures(await Promise.allSettled(taking))
  }

  /**
   * Subscribes to the channels a selector chooses.
   *
   * @returns disposed, the subscriber gets nothing more; what waited for it is dropped
   * @throws {CarabinerError} CHANNEL_INVALID
   * @throws {TypeError} no function, or a bound that is no positive integer
   */
  subscribe(
    selector: string | RegExp,
    handler: SubscriberHandler,
    options: SubscribeOptions = {},
  ): Disposable {
    const { bound = defaultBound, awaited = false } = options
    const parsed = parseSelector(selector)
    if (typeof handler !== 'function')
      throw new TypeError(`the subscriber of \`${selector}\` is no function`)
    if (!Number.isSafeInteger(bound) || bound < 1) {
      throw new TypeError(`the bound of a subscriber is a positive integer, got ${bound}`)
    }
    const failed = (channel: string, error: unknown): void => {
      this.#log.error({ channel, error }, `a subscriber failed: ${messageOf(error)}`)
    }
    const subscriber = new Subscriber(parsed, handler, { bound, awaited }, failed)
    this.#subscribers.add(subscriber)
    return {
      [Symbol.dispose]: () => {
        this.#subscribers.delete(subscriber)
        subscriber.dispose()
      },
    }
  }

  /**
   * Publishes what `make` returns, every interval, the first time after one. The next interval begins when the last
   * message was taken in, so a slow subscriber slows the publisher down and nothing piles up.
   *
   * @throws {CarabinerError} CHANNEL_INVALID; QUANTITY_INVALID for an interval that is zero, negative or no duration
   */
  publishEvery(channel: string, interval: DurationText, make: MessageMaker): Disposable {
    checkChannelName(channel)
    const ms = parseDuration(interval)
    let timer: Disposable | undefined
    const repeating = {
      [Symbol.dispose]: (): void => {
        this.#repeating.delete(repeating)
        timer?.[Symbol.dispose]()
      },
    }
    const plan = (): void => {
      if (this.#repeating.has(repeating)) timer = this.#clock.after(ms, tick)
    }
    const tick = (): void => {
      void this.#publishMade(channel, make).then(plan) // never rejects
    }
    this.#repeating.add(repeating)
    plan()
    return repeating
  }

  /** Takes no more messages, ends what repeats, and resolves when subscribers have handled all they were given. */
  async stop(): Promise<void> {
    this.#isStopped = true
    for (const repeating of [...this.#repeating]) repeating[Symbol.dispose]()
    await Promise.all([...this.#subscribers].map((subscriber) => subscriber.drain()))
  }

  /** Never rejects: what fails is logged, and the next interval comes. */
  async #publishMade(channel: string, make: MessageMaker): Promise<void> {
    try {
      const message = await make()
      if (message !== undefined && !this.#isStopped) await this.publish(channel, message)
    } catch (error) {
      this.#log.error({ channel, error }, `nothing was published: ${messageOf(error)}`)
    }
  }
}

function throwFailures(settled: readonly PromiseSettledResult<void>[]): void {
  const failures = settled.flatMap((each): unknown[] =>
    each.status === 'rejected' ? [each.reason] : [],
  )
  if (failures.length === 0) return
  if (failures.length === 1) throw failures[0]
  throw new AggregateError(failures, `${failures.length} subscribers could not take the message`)
}
