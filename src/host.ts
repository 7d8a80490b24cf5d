import type { Assembly } from './assembly/assembly.ts'
import type { Bus } from './bus/bus.ts'
import type { DispatchOptions } from './bus/dispatch-options.ts'
import type { AnyEvent, ParamsOf, ResultOf } from './bus/event.ts'
import type { Outcome } from './bus/outcome.ts'
import { type Clock, systemClock } from './clock.ts'
import type { Host } from './connector/host.ts'
import {
  type CheckResult,
  type CheckSelection,
  refuseUnknown,
  runChecks,
} from './connector/run-checks.ts'
import type { OutboundMessage } from './delivery/deliveries.ts'
import { DeliveryEngine } from './delivery/engine.ts'
import type { LookupAll } from './delivery/host-lookup.ts'
import { describeAssembly } from './describe.ts'
import { CarabinerError, messageOf } from './errors.ts'
import { type Generation, type LastingParts, startGeneration } from './generation.ts'
import { hostChecks } from './host-checks.ts'
import { type HostMetrics, openMetrics, silentMetrics } from './host-metrics.ts'
import { newId } from './ids.ts'
import type { HostLogger } from './log.ts'
import { packageVersion } from './own-package.ts'
import { startRetention } from './retention.ts'
import type { Validator } from './schema/validator.ts'
import { type LazySenders, lazySenders } from './senders.ts'
import type { AssemblyDescription, HostFace, HostState } from './server/host-face.ts'
import type { RunningServer } from './server/server.ts'
import { openStore } from './store/open-store.ts'
import type { Store } from './store/store.ts'

/** What a host is started with. */
export interface HostOptions {
  readonly assembly: Assembly
  /** The validator the assembly was loaded with: one per assembly. */
  readonly validator: Validator
  readonly log: HostLogger
  /** Opens the listeners of the assembly. @defaultValue true */
  readonly listen?: boolean
  /** Claims and sends whatever is due in the store, whoever committed it. @defaultValue true */
  readonly deliver?: boolean
  readonly clock?: Clock
  /** Asks DNS for the addresses of a host name. @defaultValue the operating system's resolver */
  readonly lookup?: LookupAll
  /** Called when everything but the listeners has started; a rejection stops the host again. */
  readonly beforeListening?: (host: RunningHost) => Promise<void>
}

/**
 * Starts a host: opens the store, wires the assembly, sets connectors up, dispatches `startup`, then opens the listeners.
 *
 * @throws {AggregateError} a CONNECTOR_FAILED for each connector that did not start
 * @throws {CarabinerError} STORE_UNAVAILABLE, or CONNECTOR_FAILED when `startup` did not complete
 */
export async function startHost(options: HostOptions): Promise<RunningHost> {
  const host = await RunningHost.open(options)
  try {
    await host.start(options)
    return host
  } catch (error) {
    await host.abandon()
    throw error
  }
}

/**
 * Wires an assembly to be looked at: connectors are set up against a store in memory; nothing is dispatched, sent or listened to.
 * End it with `abandon`.
 */
export async function wireHost(
  options: Omit<HostOptions, 'listen' | 'deliver'>,
): Promise<RunningHost> {
  const host = await RunningHost.open({ ...options, listen: false }, 'memory:')
  try {
    await host.wire(options)
    return host
  } catch (error) {
    await host.abandon()
    throw error
  }
}

/** A host at work. Made by {@link startHost}; disposing it stops it. */
export class RunningHost implements Host, AsyncDisposable {
  readonly id: string
  readonly store: Store
  readonly engine: DeliveryEngine
  readonly #lasting: LastingParts
  readonly #log: HostLogger
  readonly #clock: Clock
  readonly #metrics: HostMetrics
  readonly #senders: LazySenders
  #state: HostState = 'starting'
  #generation: Generation | undefined
  #server: RunningServer | undefined
  #retention: Disposable | undefined
  #stopped: Promise<void> | undefined
  /** The end of the assembly before the last reload. */
  #retiring: Promise<void> | undefined

  private constructor(id: string, options: HostOptions, store: Store, metrics: HostMetrics) {
    this.id = id
    this.store = store
    this.#log = options.log
    this.#clock = options.clock ?? systemClock
    this.#metrics = metrics
    this.#senders = lazySenders(options.assembly, this.#clock, options.lookup)
    this.engine = new DeliveryEngine({
      store,
      clock: this.#clock,
      log: this.#log.child({ part: 'delivery' }),
      hostId: id,
      version: packageVersion(),
      senders: this.#senders,
      observe: metrics.deliveries,
    })
    this.#lasting = {
      clock: this.#clock,
      log: this.#log,
      store,
      metrics: metrics.scope,
      observe: metrics.dispatches,
      outbox: this.engine.outbox,
      deliveries: this.engine,
    }
  }

  /** @internal Opens the store and makes the parts, without starting anything. */
  static async open(options: HostOptions, url = options.assembly.host.store): Promise<RunningHost> {
    const store = await openStore(url, { clock: options.clock ?? systemClock })
    const metrics =
      options.listen === false
        ? silentMetrics
        : await openMetrics(store, options.clock ?? systemClock)
    return new RunningHost(newId(), options, store, metrics)
  }

  /** @internal Sets the first assembly's connectors up. */
  async wire({ assembly, validator }: Pick<HostOptions, 'assembly' | 'validator'>): Promise<void> {
    this.#generation = await startGeneration(1, assembly, validator, this.#lasting)
  }

  /** @internal */
  async start(options: HostOptions): Promise<void> {
    await this.wire(options)
    this.engine.start({ deliver: options.deliver ?? true })
    if (options.deliver !== false) {
      this.#retention = startRetention({
        store: this.store,
        engine: this.engine,
        clock: this.#clock,
        log: this.#log,
        retentionMs: () => this.assembly.host.retentionMs,
      })
    }
    await this.#startUp(this.#current)
    await options.beforeListening?.(this)
    if (options.listen !== false) this.#server = await this.#listen()
    this.#state = 'ready'
  }

  get assembly(): Assembly {
    return this.#current.assembly
  }

  get events(): readonly AnyEvent[] {
    return this.#current.bus.events()
  }

  get bus(): Bus<OutboundMessage> {
    return this.#current.bus
  }

  /** What is assembled, as `GET /api/v1/assembly` tells it. */
  describe(): AssemblyDescription {
    return describeAssembly(this.assembly, this.bus, this.engine.endpoints())
  }

  /** Addresses the host listens on, with the route families each serves. */
  get listeners(): RunningServer['listeners'] {
    return this.#server?.listeners ?? []
  }

  dispatch<E extends AnyEvent>(
    event: E,
    params: ParamsOf<E>,
    options?: DispatchOptions,
  ): Promise<Outcome<ResultOf<E>>>
  dispatch(
    event: string,
    params: Readonly<Record<string, unknown>>,
    options?: DispatchOptions,
  ): Promise<Outcome>
  dispatch(
    event: AnyEvent | string,
    params: Readonly<Record<string, unknown>>,
    options?: DispatchOptions,
  ): Promise<Outcome> {
    if (this.#state === 'draining') {
      return Promise.reject(shuttingDown())
    }
    return this.#current.bus.dispatch(event, params, options)
  }

  /**
   * Runs the host's own checks and the connectors', framed by the event `check`.
   *
   * @throws {CarabinerError} CONNECTOR_UNKNOWN, USAGE: the selection names what is not there
   */
  async check(selection: CheckSelection): Promise<readonly CheckResult[]> {
    const { bus, connectors, assembly } = this.#current
    const { ids, tags } = selection
    const instances = assembly.connectors.filter(({ id }) =>
      connectors.some((started) => started.id === id),
    )
    const parts = [
      { id: 'host', checks: hostChecks(this.engine), config: undefined },
      ...instances.map(({ id, connector: { checks = [] }, config }) => ({ id, checks, config })),
    ]
    refuseUnknown(parts, selection)
    const params = { ...(ids && { ids: [...ids] }), ...(tags && { tags: [...tags] }) }
    const outcome = await bus.dispatch('check', params, { phases: ['before', 'on'] })
    if (outcome.kind !== 'completed') throw notCompleted('check', outcome)
    const results = await runChecks(parts, selection, this.#clock, new AbortController().signal)
    await bus.dispatch('check', params, { phases: ['after'] })
    return results
  }

  /**
   * Goes over to another assembly: its connectors start and see `startup`, new events go to them; those in flight finish on
   * the old ones, which see `shutdown` and are stopped.
   *
   * @throws {AggregateError} the next assembly's connectors did not start; the old one goes on
   * @throws {CarabinerError} CONNECTOR_FAILED when its `startup` did not complete; the old one goes on
   */
  async reload(assembly: Assembly, validator: Validator): Promise<void> {
    const old = this.#current
    const next = await startGeneration(old.number + 1, assembly, validator, this.#lasting)
    try {
      await this.#startUp(next)
      if (this.#state === 'draining') throw shuttingDown()
    } catch (error) {
      await next.stop().catch(this.#logFailure('connectors did not stop cleanly'))
      throw error
    }
    this.#generation = next
    this.#log.info({ generation: next.number }, 'assembly reloaded')
    this.#retiring = this.#retire(old)
    await this.#retiring
  }

  /**
   * Stops the host: not ready first, then no new work, `shutdown`, connectors in reverse, deliveries in flight, the store.
   * All of it within `host.shutdown_timeout`; what is not sent by then goes back to the store, due at once.
   */
  stop(reason = 'stop'): Promise<void> {
    this.#stopped ??= this.#stop(reason)
    return this.#stopped
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }

  /** @internal Ends a host that did not start. */
  async abandon(): Promise<void> {
    this.#state = 'draining'
    this.#retention?.[Symbol.dispose]()
    await this.#generation?.stop().catch(this.#logFailure('the assembly did not stop cleanly'))
    await this.engine.stop(0)
    await this.#senders[Symbol.asyncDispose]()
    await this.store[Symbol.asyncDispose]()
  }

  get #current(): Generation {
    if (this.#generation !== undefined) return this.#generation
    throw new CarabinerError('SHUTTING_DOWN', 'the host has not started')
  }

  async #startUp(generation: Generation): Promise<void> {
    const outcome = await generation.bus.dispatch('startup', {})
    if (outcome.kind !== 'completed') throw notCompleted('startup', outcome)
  }

  async #listen(): Promise<RunningServer> {
    const { registry } = this.#metrics
    if (registry === undefined) throw new TypeError('a host that listens counts what it does')
    const { startServer } = await import('./server/server.ts')
    return startServer({
      config: this.assembly.host.server,
      face: this.#face(),
      // A reload brings secrets of its own.
      redactor: {
        text: (text) => this.assembly.redactor.text(text),
        value: (value) => this.assembly.redactor.value(value),
      },
      clock: this.#clock,
      log: this.#log.child({ part: 'server' }),
      version: packageVersion(),
      metrics: registry,
    })
  }

  #face(): HostFace {
    return {
      store: this.store,
      dispatch: (event, params, options) => this.dispatch(event, params, options),
      describe: () => this.describe(),
      state: () => this.#state,
      health: async () => [{ name: this.store.name, ...(await this.engine.health()) }],
      redeliver: (id, cause) => this.engine.redeliver(id, cause),
      routes: () =>
        this.#current.connectors.flatMap(({ id, connector, scope }) =>
          (connector.routes ?? []).map((route) => ({ connector: id, route, scope })),
        ),
    }
  }

  async #stop(reason: string): Promise<void> {
    const deadline = this.#clock.monotonic() + this.assembly.host.shutdownTimeoutMs
    const left = (): number => Math.max(0, deadline - this.#clock.monotonic())
    this.#state = 'draining'
    this.#retention?.[Symbol.dispose]()
    // Until what is in flight is over, the listeners stay open and say that the host is draining.
    await this.#within(left(), Promise.all([this.bus.idle(), this.#retiring]))
    const served = this.#server?.stop(left())
    await this.bus.dispatch('shutdown', { reason }, { timeout: Math.max(1, left()) / 1000 })
    await this.#within(left(), this.#current.stop()).catch(
      this.#logFailure('connectors did not stop cleanly'),
    )
    await this.#within(left(), served)
    await this.engine.stop(left())
    await this.#senders[Symbol.asyncDispose]()
    await this.store[Symbol.asyncDispose]()
  }

  /** Ends an assembly that a reload has replaced. Never rejects: the next one is at work. */
  async #retire(old: Generation): Promise<void> {
    try {
      await old.bus.idle()
      await old.bus.dispatch('shutdown', { reason: 'reload' })
      await old.stop()
    } catch (error) {
      this.#logFailure('connectors did not stop cleanly')(error)
    }
  }

  /** Waits for `work`, but not longer than `ms`. */
  async #within(ms: number, work: Promise<unknown> | undefined): Promise<void> {
    const over = new AbortController()
    const late = this.#clock.sleep(ms, over.signal).catch(() => undefined) // the rejection is our own abort
    await Promise.race([work, late]).finally(() => over.abort())
  }

  #logFailure(what: string): (error: unknown) => void {
    return (error) => this.#log.error({ error: messageOf(error) }, what)
  }
}

function shuttingDown(): CarabinerError {
  return new CarabinerError('SHUTTING_DOWN', 'the host is shutting down')
}

function notCompleted(
  event: string,
  outcome: Exclude<Outcome, { readonly kind: 'completed' }>,
): CarabinerError {
  const why =
    outcome.kind === 'cancelled'
      ? `cancelled by ${outcome.by}: ${outcome.reason}`
      : outcome.failures.map(({ connector, message }) => `${connector}: ${message}`).join('; ')
  return new CarabinerError('CONNECTOR_FAILED', `\`${event}\` did not complete: ${why}`)
}
