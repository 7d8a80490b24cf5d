import type { KeyBook } from '../access/key-book.ts'
import { Once } from '../access/once.ts'
import type { RateLimiter } from '../access/rate-limiter.ts'
import type { Bus } from '../bus/bus.ts'
import type { AnyEvent } from '../bus/event.ts'
import type {
  AfterHandler,
  BeforeHandler,
  HandlerOptions,
  Logger,
  OnHandler,
} from '../bus/handler.ts'
import { type Phase, printHook } from '../bus/phase.ts'
import type { Channels } from '../channels/channels.ts'
import type { Clock } from '../clock.ts'
import type { Deliveries, OutboundMessage, SendOptions } from '../delivery/deliveries.ts'
import { CarabinerError } from '../errors.ts'
import { newId } from '../ids.ts'
import type { HostCallbacks } from '../parking/host-callbacks.ts'
import type { Store } from '../store/store.ts'
import { Shelf } from './record-book.ts'
import type { Metrics, Scope } from './scope.ts'
import { ShelvedEndpoints } from './shelved-endpoints.ts'

/** The parts of a host that a connector's scope is made of. */
export interface ScopeParts {
  readonly bus: Bus<OutboundMessage>
  readonly channels: Channels
  readonly deliveries: Omit<Deliveries, 'owe'>
  readonly store: Store
  readonly apiKeys: Pick<KeyBook, 'find'>
  readonly limits: Pick<RateLimiter, 'take'>
  readonly callbacks: HostCallbacks
  readonly metrics: Metrics
  /** The ids of all connectors of the assembly. */
  readonly connectors: readonly string[]
  readonly retentionMs: number
  readonly publicUrl: string | null
  readonly production: boolean
  readonly redact: (text: string) => string
  /** Number of the assembly. */
  readonly generation: number
  readonly clock: Clock
  readonly log: Logger
  readonly signal: AbortSignal
}

/** A connector's scope, and the stack of everything it registered. */
export interface OpenScope<Config> {
  readonly scope: Scope<Config>
  readonly registrations: DisposableStack
  /**
   * Ends the set-up: from now on registering for an unknown event throws at once.
   *
   * @returns what was registered for unknown events until now: all of it, so that all of it can be told together
   */
  endSetup(): readonly StrayHandler[]
}

/** What a connector registered for an event that nobody declares. */
export interface StrayHandler {
  /** `before:mesure` */
  readonly hook: string
  /** ``there is no event `mesure`; did you mean `measure`?`` */
  readonly message: string
}

const inert: Disposable = { [Symbol.dispose]() {} }

/** Makes the scope of the connector `id`: each method of the host's parts bound to it, each registration kept for disposal. */
export function createScope<Config>(
  id: string,
  config: Config,
  parts: ScopeParts,
): OpenScope<Config> {
  const { bus, channels, clock, log, signal, metrics } = parts
  const registrations = new DisposableStack()
  const shelf = new Shelf(parts.store, id)
  const shelved = new ShelvedEndpoints(shelf)
  const keep = <T extends Disposable>(registration: T): T => {
    if (!registrations.disposed) return registrations.use(registration)
    registration[Symbol.dispose]()
    throw new CarabinerError('CONNECTOR_FAILED', `connector \`${id}\` has been stopped`)
  }
  const strays: StrayHandler[] = []
  let settingUp = true

  const handle = (
    phase: Phase,
    event: AnyEvent | string,
    register: () => Disposable,
  ): Disposable => {
    try {
      return keep(register())
    } catch (error) {
      if (!settingUp || !isUnknownEvent(error)) throw error
      const hook = printHook({ phase, event: typeof event === 'string' ? event : event.name })
      strays.push({ hook, message: error.message })
      return inert
    }
  }

  const scope: Scope<Config> = {
    id,
    config,
    events: bus.events(),
    connectors: parts.connectors,
    retentionMs: parts.retentionMs,
    publicUrl: parts.publicUrl,
    production: parts.production,
    redact: parts.redact,
    before: (event: AnyEvent | string, handler: BeforeHandler, options?: HandlerOptions) =>
      handle('before', event, () => bus.register(id, 'before', event, handler, options)),
    on: (event: AnyEvent | string, handler: OnHandler, options?: HandlerOptions) =>
      handle('on', event, () => bus.register(id, 'on', event, handler, options)),
    after: (event: AnyEvent | string, handler: AfterHandler, options?: HandlerOptions) =>
      handle('after', event, () => bus.register(id, 'after', event, handler, options)),
    dispatch: bus.dispatch.bind(bus),
    publish: (channel, message) => channels.publish(channel, message),
    subscribe: (selector, handler, options) => keep(channels.subscribe(selector, handler, options)),
    publishEvery: (channel, interval, make) => keep(channels.publishEvery(channel, interval, make)),
    deliveries: {
      endpoint: (definition) => keep(parts.deliveries.endpoint(shelved.endpoint(definition))),
      owe: (event, collect, options) =>
        handle('after', event, () => bus.owe(id, event, collect as OweCollect, options)),
      family: (family) => keep(parts.deliveries.family(shelved.family(family))),
      send: (messages, options) =>
        sendWith(shelf, parts.deliveries, shelved.messages(messages), options),
      ask: (endpoint, message, options) => parts.deliveries.ask(endpoint, message, options),
    },
    store: parts.store,
    records: shelf,
    apiKeys: parts.apiKeys,
    limits: { take: (key, rate) => parts.limits.take(`${id}/${key}`, rate) },
    callbacks: {
      open: (options) => parts.callbacks.open(id, options, parts.retentionMs),
      serve: (desk) => keep(parts.callbacks.serve(desk)),
      book: parts.callbacks.book,
    },
    once: new Once({ store: shelf, clock, collection: 'once' }),
    audit: (row) => parts.store.audit([{ ...row, id: newId(), createdAt: clock.now() }]),
    metrics,
    generation: parts.generation,
    clock,
    log,
    signal,
  }
  return {
    scope,
    registrations,
    endSetup() {
      settingUp = false
      return strays
    },
  }
}

/** What is stored beside messages stands where the connector's other records do. */
function sendWith(
  shelf: Shelf,
  deliveries: Pick<Deliveries, 'send'>,
  messages: readonly OutboundMessage[],
  options: SendOptions = {},
): ReturnType<Deliveries['send']> {
  const { records = [] } = options
  if (records.length === 0) return deliveries.send(messages, options)
  return shelf.told(deliveries.send(messages, { ...options, records: shelf.placed(records) }))
}

function isUnknownEvent(error: unknown): error is CarabinerError {
  return error instanceof CarabinerError && error.code === 'EVENT_UNKNOWN'
}

// The collector is only ever called with contexts of the event it was registered for.
type OweCollect = Parameters<Bus<OutboundMessage>['owe']>[2]
