import type { AnyEvent, ParamsOf, ResultOf } from '../bus/event.ts'
import { CarabinerError } from '../errors.ts'
import type { VerifiedRequest } from './verifier.ts'

/** What a webhook asks (`before`) or tells (`after`). With event definitions it is narrowed by `phase` and `event`. */
export type WebhookEvent<E extends AnyEvent = AnyEvent> = E extends AnyEvent
  ? BeforeEvent<E> | AfterEvent<E>
  : never

/** A question: may this happen? */
export interface BeforeEvent<E extends AnyEvent = AnyEvent> extends EventFacts<E> {
  readonly phase: 'before'
  /** Nothing will happen, whatever the answer. */
  readonly dryRun: boolean
  /** An answer after it is not heard. */
  readonly deadline: Date
  /** With `decision: callback`: where the decision is expected, after a 2xx to this request. */
  readonly callback: DecisionCallback | undefined
}

/** A report: this has happened. */
export interface AfterEvent<E extends AnyEvent = AnyEvent> extends EventFacts<E> {
  readonly phase: 'after'
  readonly results: readonly ReceivedResult<ResultIn<E>>[]
}

/** What every event says. */
export interface EventFacts<E extends AnyEvent = AnyEvent> {
  /** The same over all attempts: what was done for it once need not be done again. */
  readonly id: string
  /** `adjust` */
  readonly event: E['name']
  /** `before:adjust` */
  readonly name: string
  readonly dispatchId: string
  readonly createdAt: Date
  readonly params: ParamsIn<E>
  /** Who caused the event. */
  readonly actor: string | undefined
  readonly traceId: string
  /** Names of the signature schemes that verified it. */
  readonly verified: readonly string[]
  /** 1 for the first one. Not signed. */
  readonly attempt: number
  /** Names in lower case. Not signed, but for `webhook-id` and `webhook-timestamp`. */
  readonly headers: ReadonlyMap<string, string>
}

/** Where a decision that takes longer than the request may be sent. */
export interface DecisionCallback {
  readonly id: string
  readonly url: string
  readonly signature: string
  readonly expiresAt: Date
}

/** What one connector's on handler gave. */
export type ReceivedResult<R = unknown> =
  | { readonly connector: string; readonly value: R | null }
  | {
      readonly connector: string
      readonly error: { readonly name: string; readonly message: string }
    }

type ParamsIn<E extends AnyEvent> = AnyEvent extends E
  ? Readonly<Record<string, unknown>>
  : ParamsOf<E>
type ResultIn<E extends AnyEvent> = AnyEvent extends E ? unknown : ResultOf<E>

/** Reads the event out of a request. @throws {CarabinerError} EVENT_PARAMS_INVALID when there is none in it */
export function parseEvent({ headers, body, verified }: VerifiedRequest): WebhookEvent {
  const fields = new Fields(parseObject(body))
  const name = fields.text('event')
  const [, phase, event] = /^(before|after):(.+)$/.exec(name) ?? []
  if (event === undefined) throw notAnEvent(`\`event\` is neither before:… nor after:…`)

  const facts = {
    id: fields.text('id'),
    event,
    name,
    dispatchId: fields.text('dispatch_id'),
    createdAt: fields.time('created_at'),
    params: fields.object('params'),
    actor: fields.optional('actor', (each) => each.text('actor')),
    traceId: fields.text('trace_id'),
    verified,
    attempt: attemptOf(headers),
    headers,
  }
  return phase === 'after'
    ? { ...facts, phase, results: fields.list('results').map(parseResult) }
    : {
        ...facts,
        phase: 'before',
        dryRun: fields.boolean('dry_run'),
        deadline: fields.time('deadline'),
        callback: fields.optional('callback', parseCallback),
      }
}

function parseResult(result: unknown): ReceivedResult {
  const fields = new Fields(result)
  const connector = fields.text('connector')
  if (fields.has('value')) return { connector, value: fields.value('value') }
  const error = new Fields(fields.value('error'))
  return { connector, error: { name: error.text('name'), message: error.text('message') } }
}

function parseCallback(fields: Fields): DecisionCallback {
  const callback = new Fields(fields.value('callback'))
  return {
    id: callback.text('id'),
    url: callback.text('url'),
    signature: callback.text('signature'),
    expiresAt: callback.time('expires_at'),
  }
}

function attemptOf(headers: ReadonlyMap<string, string>): number {
  const text = headers.get('x-carabiner-attempt') ?? ''
  return /^[1-9]\d{0,8}$/.test(text) ? Number(text) : 1
}

function parseObject(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body))
  } catch (cause) {
    throw notAnEvent('it is not JSON', { cause })
  }
}

function notAnEvent(why: string, options?: ErrorOptions): CarabinerError {
  return new CarabinerError('EVENT_PARAMS_INVALID', `body is not a webhook event: ${why}`, options)
}

/** The members of a JSON object, each with the type it should have. */
class Fields {
  readonly #members: ReadonlyMap<string, unknown>

  constructor(value: unknown) {
    if (!isObject(value)) throw notAnEvent('expected an object')
    this.#members = new Map(Object.entries(value))
  }

  has(key: string): boolean {
    return this.#members.has(key)
  }

  value(key: string): unknown {
    return this.#members.get(key)
  }

  /** `undefined` where the member is missing or null. */
  optional<T>(key: string, read: (fields: Fields) => T): T | undefined {
    return this.value(key) === undefined || this.value(key) === null ? undefined : read(this)
  }

  text(key: string): string {
    const value = this.value(key)
    if (typeof value === 'string' && value !== '') return value
    throw notAnEvent(`\`${key}\` is no text`)
  }

  boolean(key: string): boolean {
    const value = this.value(key)
    if (typeof value === 'boolean') return value
    throw notAnEvent(`\`${key}\` is neither true nor false`)
  }

  time(key: string): Date {
    const time = new Date(this.text(key))
    if (!Number.isNaN(time.getTime())) return time
    throw notAnEvent(`\`${key}\` is no time`)
  }

  object(key: string): Readonly<Record<string, unknown>> {
    const value = this.value(key)
    if (isObject(value)) return value
    throw notAnEvent(`\`${key}\` is no object`)
  }

  list(key: string): readonly unknown[] {
    const value = this.value(key)
    if (Array.isArray(value)) return value
    throw notAnEvent(`\`${key}\` is no list`)
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
