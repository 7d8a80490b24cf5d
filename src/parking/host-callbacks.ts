import { currentDispatch, type DispatchAtWork } from '../bus/current-dispatch.ts'
import { OpenCallback } from '../bus/open-callback.ts'
import type { Callback } from '../callbacks/callback.ts'
import { type CallbackBook, defaultRetentionMs } from '../callbacks/callback-book.ts'
import { CarabinerError } from '../errors.ts'
import { parseDuration } from '../quantity/duration.ts'
import type { RecordStore } from '../store/records.ts'
import type { CallbackAnswers } from './callback-answers.ts'
import type { CallbackDesks } from './callback-desks.ts'
import { type CallbackMeta, dispatchWaiter, hostWaiter } from './callback-meta.ts'
import type { CallbackDesk, OpenCallbackOptions } from './callbacks.ts'

export interface HostCallbacksParts {
  readonly hostId: string
  readonly book: CallbackBook
  readonly desks: CallbackDesks
  readonly answers: CallbackAnswers
  readonly store: Pick<RecordStore, 'writeRecords'>
  /** Sees to it that the other hosts take this one for alive. */
  beat(): Promise<void>
}

/** The callbacks of a host, for its connectors. */
export class HostCallbacks {
  readonly book: CallbackBook
  readonly #parts: HostCallbacksParts

  constructor(parts: HostCallbacksParts) {
    this.book = parts.book
    this.#parts = parts
  }

  serve(desk: CallbackDesk): Disposable {
    return this.#parts.desks.add(desk)
  }

  /**
   * Opens a callback for the handler it is called in; outside of handlers, for the connector.
   *
   * @param retentionMs - after which nothing settled is kept. @defaultValue never
   * @throws as `Callbacks.open`
   */
  async open(
    connector: string,
    { timeout, meta = null }: OpenCallbackOptions,
    retentionMs: number = Number.POSITIVE_INFINITY,
  ): Promise<OpenCallback> {
    const { hostId, book, store, answers, beat } = this.#parts
    // Before the first await: only here the async context is sure to be the caller's.
    const atWork = currentDispatch()
    if (atWork?.refusal !== undefined) throw refused(atWork.phase, atWork.refusal)
    const desk = this.#desk()
    const timeoutMs = parseDuration(timeout)
    // An answer to what a silent host has opened is dropped, too.
    await beat()
    const { callback, write } = book.draft({
      waiter: atWork === undefined ? hostWaiter : dispatchWaiter,
      timeoutMs,
      retentionMs: Math.min(defaultRetentionMs, retentionMs),
      meta: describe(hostId, connector, atWork, meta),
    })
    // Before it can be answered: an answer that no process awaits is dropped.
    const awaited = atWork === undefined ? answers.of(callback.id) : undefined
    await store.writeRecords([write])
    if (atWork?.opened({ id: callback.id, expiresAt: callback.deadline }) === false) {
      await book.withdraw(callback.id)
      throw new CarabinerError('CALLBACKS_OFF', 'nobody waits for it: the dispatch is over')
    }
    return handOut(callback, desk, () => awaited ?? this.#await(callback.id, atWork))
  }

  #desk(): CallbackDesk {
    const desk = this.#parts.desks.current
    if (desk !== undefined) return desk
    const message = 'no connector of the assembly serves callbacks: add `callbacks`'
    throw new CarabinerError('CALLBACKS_OFF', message)
  }

  #await(id: string, atWork: DispatchAtWork | undefined): Promise<unknown> {
    const settled = this.#parts.answers.of(id)
    atWork?.awaits(id, settled)
    return settled
  }
}

/** @param begin - begins to wait: whoever returns the callback never does */
function handOut(
  { id, deadline }: Callback,
  desk: CallbackDesk,
  begin: () => Promise<unknown>,
): OpenCallback {
  const ticket = { id, url: desk.url(id), signature: desk.sign(id), expiresAt: deadline }
  let awaited: Promise<unknown> | undefined
  const result: PromiseLike<unknown> = {
    // biome-ignore lint/suspicious/noThenProperty: that is what a thenable is
    then: (fulfilled, rejected) => {
      awaited ??= begin()
      return awaited.then(fulfilled, rejected)
    },
  }
  return new OpenCallback(ticket, result)
}

function refused(phase: DispatchAtWork['phase'], why: string): CarabinerError {
  return new CarabinerError(phase === 'after' ? 'USAGE' : 'CALLBACKS_OFF', why)
}

function describe(
  host: string,
  connector: string,
  atWork: DispatchAtWork | undefined,
  meta: unknown,
): CallbackMeta {
  if (atWork === undefined) return { host, by: connector, dispatch: null, event: null, meta }
  const { dispatchId, eventName, by } = atWork
  return { host, by, dispatch: dispatchId, event: eventName, meta }
}
