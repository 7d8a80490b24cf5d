import type { AnyEvent } from '../../src/bus/event.ts'
import type {
  BeforeHandler,
  HandlerContext,
  HandlerOptions,
  Logger,
  OnHandler,
} from '../../src/bus/handler.ts'
import { OpenCallback } from '../../src/bus/open-callback.ts'
import type { Callback } from '../../src/callbacks/callback.ts'
import type { CallbackBook } from '../../src/callbacks/callback-book.ts'
import type { ChannelMessage } from '../../src/channels/message.ts'
import type { Scope } from '../../src/connector/scope.ts'
import type {
  AskOptions,
  CircuitOpen,
  Deliveries,
  OutboundMessage,
  RegisteredEndpoint,
} from '../../src/delivery/deliveries.ts'
import type { CompleteReply, NoReply } from '../../src/delivery/sender.ts'
import { EventCancelledError } from '../../src/errors.ts'
import type { Callbacks } from '../../src/parking/callbacks.ts'
import type { AuditRow, Store } from '../../src/store/store.ts'
import { FakeClock } from './fake-clock.ts'

export type Answer = CompleteReply | NoReply | CircuitOpen

/** One question that was put to an endpoint. */
export interface Put {
  readonly endpoint: string
  readonly message: OutboundMessage
  readonly options: AskOptions
}

interface Registered {
  readonly event: string
  readonly handler: BeforeHandler
  readonly options: HandlerOptions
}

interface RegisteredOn extends Omit<Registered, 'handler'> {
  readonly handler: OnHandler
}

interface Owing {
  readonly event: AnyEvent
  readonly collect: Parameters<Deliveries['owe']>[1]
  readonly options: Parameters<Deliveries['owe']>[2]
}

type Subscriber = Parameters<Scope['subscribe']>[1]

/** The host as a connector sees it, with everything it did kept, and answers to its questions given by the test. */
export class FakeScope {
  readonly generation = 1
  readonly clock = new FakeClock()
  readonly asked: Put[] = []
  readonly befores: Registered[] = []
  readonly ons: RegisteredOn[] = []
  readonly owing: Owing[] = []
  readonly sent: OutboundMessage[] = []
  readonly audited: AuditRow[] = []
  readonly opened: OpenCallback[] = []
  readonly withdrawn: string[] = []
  /** Ids of callbacks that are answered before anybody could withdraw them. */
  readonly answered = new Set<string>()
  readonly counted = new Map<string, number>()
  readonly logged: string[] = []
  /** What `/health` was told of questions: `answered`, or why not. */
  readonly told: string[] = []
  readonly published: { readonly channel: string; readonly message: unknown }[] = []
  readonly subscribers: { readonly selector: string | RegExp; readonly handler: Subscriber }[] = []
  readonly stopping = new AbortController()
  /** What the endpoint answers; may look at the clock. */
  answer: (put: Put) => Answer | Promise<Answer>
  /** What writing an audit row comes to. */
  auditing: () => Promise<void> = () => Promise.resolve()

  constructor(answer: (put: Put) => Answer | Promise<Answer>) {
    this.answer = answer
  }

  get signal(): AbortSignal {
    return this.stopping.signal
  }

  readonly log: Logger = {
    debug: () => undefined,
    info: () => undefined,
    warn: (_fields, message = '') => this.logged.push(message),
    error: (_fields, message = '') => this.logged.push(message),
  }

  /** What every endpoint is registered as. */
  readonly endpoint: RegisteredEndpoint = {
    questions: () => ({
      answered: () => this.told.push('answered'),
      unanswered: (why) => this.told.push(why),
    }),
    [Symbol.dispose]: () => undefined,
  }

  readonly deliveries: Deliveries = {
    endpoint: () => this.endpoint,
    family: () => ({
      changed: async () => {},
      welcome: async () => {},
      noticed: async () => {},
      [Symbol.dispose]: () => {},
    }),
    owe: (event, collect, options) => {
      // A fake keeps what it is given; whoever calls it passes a context of this very event.
      this.owing.push({ event, collect: collect as Owing['collect'], options })
      return nothing
    },
    send: async (messages) => {
      this.sent.push(...messages)
      return []
    },
    ask: async (endpoint, message, options) => {
      const put = { endpoint, message, options }
      this.asked.push(put)
      return this.answer(put)
    },
  }

  readonly audit: Scope['audit'] = async (row) => {
    await this.auditing()
    this.audited.push({ ...row, id: String(this.audited.length), createdAt: this.clock.now() })
  }

  readonly store: Pick<Store, 'auditTrail'> = {
    auditTrail: async ({ entityId }) => ({
      rows: this.audited.filter((row) => row.entityId === entityId).toReversed(),
      nextCursor: null,
    }),
  }

  readonly callbacks: Pick<Callbacks, 'open'> & {
    readonly book: Pick<CallbackBook, 'find' | 'withdraw'>
  } = {
    open: async ({ timeout }) => {
      const id = `00000000-0000-4000-8000-${String(this.opened.length + 1).padStart(12, '0')}`
      const ticket = {
        id,
        url: `https://hooks.example.com/api/callbacks/${id}/complete`,
        signature: 'f'.repeat(64),
        expiresAt: this.clock.now() + Number(timeout) * 1_000,
      }
      const opened = new OpenCallback(ticket, new Promise<unknown>(() => undefined))
      this.opened.push(opened)
      return opened
    },
    book: {
      find: async (ids) =>
        ids.map((id) => (this.answered.has(id) ? aCallback(id, this.clock.now()) : undefined)),
      withdraw: async (id) => {
        if (this.answered.has(id)) return false
        this.withdrawn.push(id)
        return true
      },
    },
  }

  readonly metrics: Scope['metrics'] = {
    counter: (name) => ({
      add: (labels, by = 1) => {
        const key = `${name} ${Object.values(labels).join(' ')}`
        this.counted.set(key, (this.counted.get(key) ?? 0) + by)
      },
    }),
    histogram: () => ({ observe: () => undefined }),
  }

  before(
    event: AnyEvent | string,
    handler: BeforeHandler,
    options: HandlerOptions = {},
  ): Disposable {
    this.befores.push({ event: typeof event === 'string' ? event : event.name, handler, options })
    return nothing
  }

  on(event: AnyEvent | string, handler: OnHandler, options: HandlerOptions = {}): Disposable {
    this.ons.push({ event: typeof event === 'string' ? event : event.name, handler, options })
    return nothing
  }

  async publish(channel: string, message: unknown): Promise<void> {
    this.published.push({ channel, message })
  }

  subscribe(selector: string | RegExp, handler: Subscriber): Disposable {
    this.subscribers.push({ selector, handler })
    return nothing
  }
}

/** One that was completed now. */
function aCallback(id: string, now: number): Callback {
  return {
    ...({ id, state: 'Completed', waiter: 'dispatches', meta: null } as const),
    ...({ createdAt: now, deadline: now, resolvedAt: now, resolvedBy: 'complete' } as const),
    ...{ takenAt: null, payload: null, error: null, retentionMs: 0, tenant: null, messageId: null },
  }
}

const nothing: Disposable = { [Symbol.dispose]: () => undefined }

/** The context of a before handler; warnings are kept. */
export function aContext(
  clock: FakeClock,
  given: Partial<HandlerContext> & { readonly warnings?: string[] } = {},
): HandlerContext {
  const { warnings = [], ...fields } = given
  return {
    event: 'adjust',
    phase: 'before',
    params: { component: 'web', amount: 7 },
    dispatchId: '01945e3a-7c00-7000-8000-000000000001',
    traceId: 'trace-1',
    actor: undefined,
    source: undefined,
    dryRun: false,
    signal: new AbortController().signal,
    deadline: clock.now() + 30_000,
    depth: 0,
    cancel(reason, details) {
      throw new EventCancelledError(reason, details)
    },
    warn: (message) => warnings.push(message),
    log: { debug() {}, info() {}, warn() {}, error() {} },
    ...fields,
  }
}

/** A channel's message with this text. */
export function aChannelMessage(
  text: string,
  metadata: Readonly<Record<string, string>> = {},
): ChannelMessage {
  return {
    content: text,
    contentType: 'text/plain; charset=utf-8',
    metadata,
    createdAt: new Date(0),
    json: () => JSON.parse(text),
    text: () => text,
    bytes: () => new TextEncoder().encode(text),
  }
}
