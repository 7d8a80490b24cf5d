import { type Clock, systemClock } from '../clock.ts'
import { CarabinerError } from '../errors.ts'
import type { Callback, CallbackAction, CallbackState } from './callback.ts'
import {
  type AccessRefusal,
  type CallbackAccess,
  type CallbackSecurity,
  callbackAccess,
  type HeaderLookup,
} from './callback-access.ts'
import { type CallbackAnswer, callbackBodyLimit, readAnswer } from './callback-body.ts'
import { CallbackBook, type CallbackStore } from './callback-book.ts'

/** How a receiver works. */
export interface CallbackConfig extends CallbackSecurity {
  /** Who answers, as the store's audit trail shall tell it: each answer that is taken has a row there. @defaultValue it has none */
  readonly actor?: string | undefined
  /** Hears why an answer could not be stored: the one who sent it is told 503 or 500, and nothing else. */
  readonly onError?: ((error: unknown) => void) | undefined
  /** @defaultValue the computer's own */
  readonly clock?: Pick<Clock, 'now'> | undefined
}

/** What the one who answers is told. */
export type CallbackReply =
  | {
      readonly status: 200
      readonly body: { readonly id: string; readonly state: CallbackState }
    }
  | {
      readonly status: 400 | 401 | 404 | 405 | 413 | 500 | 503
      readonly body: { readonly error: string }
    }

/** Decides about requests and stores answers: the one place that knows what is said to whom. Its keys are prepared once. */
export class CallbackReceiver {
  readonly #book: CallbackBook
  readonly #access: CallbackAccess
  readonly #actor: string | undefined
  readonly #clock: Pick<Clock, 'now'>
  readonly #onError: ((error: unknown) => void) | undefined

  /** @throws {CarabinerError} SECRET_INVALID for a config without a secret and without `allowUnsigned`, or with both */
  constructor(store: CallbackStore | CallbackBook, config: CallbackConfig) {
    this.#access = callbackAccess(config)
    this.#clock = config.clock ?? systemClock
    this.#onError = config.onError
    this.#actor = config.actor
    this.#book = bookOf(store, this.#clock)
  }

  /**
   * What is said without a look at the body, or at the store; `undefined` when the body is wanted.
   *
   * @param id - exactly as it stands in the path
   * @param signature - the header `X-Awa-Signature`
   */
  refuseHead(id: string, signature: string | undefined): CallbackReply | undefined {
    const refusal = this.#access.refuseId(id, signature)
    if (refusal !== undefined) return unauthorized(refusal)
    return isUuid(id) ? undefined : invalidId
  }

  /** Takes the answer of a request whose head was not refused. Never rejects. @param header - looks a header up by its lower-case name */
  async answer(
    { id, action }: { readonly id: string; readonly action: CallbackAction },
    header: HeaderLookup,
    body: Uint8Array,
  ): Promise<CallbackReply> {
    if (body.length > callbackBodyLimit) return bodyTooLong
    const refusal = this.#access.refuseBody(id, header, body, this.#clock.now())
    if (refusal !== undefined) return unauthorized(refusal)
    try {
      return await answerCallback(this.#book, { id, action, actor: this.#actor }, body)
    } catch (error) {
      return this.failed(error)
    }
  }

  /** What is said of an error that is not the sender's. */
  failed(error: unknown): CallbackReply {
    tell(this.#onError, error)
    const isAway = error instanceof CarabinerError && error.code === 'STORE_UNAVAILABLE'
    return isAway ? storeAway : { status: 500, body: { error: 'internal server error' } }
  }
}

function tell(onError: ((error: unknown) => void) | undefined, error: unknown): void {
  try {
    onError?.(error)
  } catch {
    // It was to hear of errors, and there is nobody else to tell; the sender gets its reply all the same.
  }
}

/** The book of a store, or the one that is given. */
export function bookOf(
  store: CallbackStore | CallbackBook,
  clock?: Pick<Clock, 'now'>,
): CallbackBook {
  return store instanceof CallbackBook ? store : new CallbackBook(store, clock)
}

/** Which answer it is, and whose. */
interface AnswerHead {
  readonly id: string
  readonly action: CallbackAction
  readonly actor: string | undefined
}

/** Stores an answer, whoever gave it. */
export async function answerCallback(
  book: CallbackBook,
  { id, action, actor }: AnswerHead,
  body: Uint8Array,
): Promise<CallbackReply> {
  if (!isUuid(id)) return invalidId
  if (body.length > callbackBodyLimit) return bodyTooLong
  const answer = readAnswer(action, body)
  if (answer.kind === 'invalid') return invalid(answer.reason)
  const key = id.toLowerCase()
  const callback = await store(book, { id: key, actor }, answer)
  if (callback === undefined) return { status: 404, body: { error: `callback not found: ${key}` } }
  return { status: 200, body: { id: callback.id, state: callback.state } }
}

function store(
  book: CallbackBook,
  { id, actor }: Pick<AnswerHead, 'id' | 'actor'>,
  answer: Exclude<CallbackAnswer, { readonly kind: 'invalid' }>,
): Promise<Callback | undefined> {
  switch (answer.kind) {
    case 'complete':
      return book.complete(id, answer.payload, actor)
    case 'fail':
      return book.fail(id, answer.error, actor)
    case 'heartbeat':
      return book.heartbeat(id, answer.timeoutMs, actor)
  }
}

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

function isUuid(id: string): boolean {
  return uuid.test(id)
}

export const bodyTooLong: CallbackReply = {
  status: 413,
  body: { error: `body has more than ${callbackBodyLimit} bytes` },
}

const storeAway: CallbackReply = { status: 503, body: { error: 'store unavailable' } }

const invalidId = invalid('callback id must be a UUID')

export function invalid(reason: string): CallbackReply {
  return { status: 400, body: { error: `validation error: ${reason}` } }
}

function unauthorized(refusal: AccessRefusal): CallbackReply {
  return { status: 401, body: { error: refusal } }
}
