import type { Assembly } from './assembly/assembly.ts'
import { tellWarnings } from './assembly/tell-warnings.ts'
import type { Bus } from './bus/bus.ts'
import type { DispatchOptions } from './bus/dispatch-options.ts'
import type { AnyEvent, ParamsOf, ResultOf } from './bus/event.ts'
import type { Outcome } from './bus/outcome.ts'
import type { Host } from './connector/host.ts'
import type { CheckResult, CheckSelection } from './connector/run-checks.ts'
import type { Scope } from './connector/scope.ts'
import type { OutboundMessage } from './delivery/deliveries.ts'
import type { DeliveryEngine } from './delivery/engine.ts'
import { describeAssembly } from './describe.ts'
import { CarabinerError, messageOf } from './errors.ts'
import { type Generation, startGeneration } from './generation.ts'
import { checkHost } from './host-checks.ts'
import type { HostParts } from './host-parts.ts'
import { openServer } from './host-server.ts'
import { completed } from './lifecycle-event.ts'
import { startRetention } from './retention.ts'
import type { Validator } from './schema/validator.ts'
import type { AssemblyDescription, HostState, ServedRoute } from './server/host-face.ts'
import type { RunningServer } from './server/server.ts'
import type { Store } from './store/store.ts'

/** A host at work. Made by `startHost`; disposing it stops it. */
export class RunningHost implements Host, AsyncDisposable {
  readonly id: string
  readonly store: Store
  readonly engine: DeliveryEngine
  readonly #parts: HostParts
  readonly #first: Assembly
  #state: HostState = 'starting'
  #generation: Generation | undefined
  #server: RunningServer | undefined
  #retention: Disposable | undefined
  #stopped: Promise<void> | undefined
  /** The end of the assembly before the last reload. */
  #retiring: Promise<void> | undefined
  /** The ends of assemblies in which handlers await answers. */
  readonly #lingering = new Set<Promise<void>>()

  /** @internal */
  constructor(parts: HostParts, first: Assembly) {
    this.id = parts.id
    this.store = parts.store
    this.engine = parts.engine
    this.#parts = parts
    this.#first = first
  }

  /** @internal Opens the listeners; they say that the host is starting. */
  async listen(): Promise<void> {
    this.#server = await openServer(this, this.#parts)
  }

  /** @internal Sets the first assembly's connectors up. */
  async wire(validator: Validator): Promise<void> {
    this.#generation = await startGeneration(1, this.#first, validator, this.#parts.lasting)
  }

  /** @internal Begins to deliver, and dispatches `startup`. */
  async start(deliver: boolean): Promise<void> {
    const { engine, store, clock, log, parking } = this.#parts
    engine.start({ deliver })
    const retentionMs = (): number => this.assembly.host.retentionMs
    if (deliver) {
      this.#retention = startRetention({ store, engine, clock, log, retentionMs })
    }
    tellWarnings(this.assembly, log)
    parking.keeper.start({ bus: () => this.bus, retentionMs })
    await completed(this.bus.dispatch('startup', {}))
  }

  /** @internal From now on it is ready. */
  async serve(): Promise<void> {
    await this.#server?.serve(this.#current.routes)
    this.#state = 'ready'
  }

  get assembly(): Assembly {
    return this.#generation?.assembly ?? this.#first
  }

  get events(): readonly AnyEvent[] {
    return this.#current.bus.events()
  }

  get bus(): Bus<OutboundMessage> {
    return this.#current.bus
  }

  get state(): HostState {
    return this.#state
  }

  /** What is assembled, as `GET /api/v1/assembly` tells it. */
  describe(): AssemblyDescription {
    return describeAssembly(
      this.assembly,
      this.bus,
      this.engine.endpoints(),
      this.engine.families(),
    )
  }

  /** @internal The scope of a connector of the assembly. */
  scopeOf(id: string): Scope<unknown> {
    const found = this.#current.connectors.find((connector) => connector.id === id)
    if (found !== undefined) return found.scope
    throw new CarabinerError('CONNECTOR_UNKNOWN', `there is no connector \`${id}\``)
  }

  /** @internal What connectors answer over HTTP. */
  get routes(): readonly ServedRoute[] {
    return this.#current.routes
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

  /** What comes of a dispatch that is parked; when the host stops before that, it is told as it was given. */
  outcomeOf(parked: Outcome): Promise<Outcome> {
    return this.#parts.parking.keeper.outcomeOf(parked)
  }

  /**
   * Runs the host's own checks and the connectors', framed by the event `check`.
   *
   * @throws {CarabinerError} CONNECTOR_UNKNOWN, USAGE: the selection names what is not there
   */
  check(selection: CheckSelection): Promise<readonly CheckResult[]> {
    return checkHost(this.#current, this.engine, this.#parts.clock, selection)
  }

  /**
   * Goes over to another assembly: its connectors start and see `startup`, new events and requests go to them; those in flight
   * finish on the old ones, which see `shutdown` and are stopped. Those whose handlers await callbacks do so later.
   *
   * @throws {AssemblyError} ASSEMBLY_INVALID: the next connectors handle events that nobody declares; the old assembly goes on
   * @throws {AggregateError} the next assembly's connectors did not start; the old one goes on
   * @throws {CarabinerError} CONNECTOR_FAILED when its `startup` did not complete or a route cannot be served; the old one goes on
   */
  async reload(assembly: Assembly, validator: Validator): Promise<void> {
    const old = this.#current
    const next = await startGeneration(old.number + 1, assembly, validator, this.#parts.lasting)
    try {
      await completed(next.bus.dispatch('startup', {}))
      if (this.#state === 'draining') throw shuttingDown()
      await this.#server?.serve(next.routes)
    } catch (error) {
      await next.stop().catch(this.#logFailure('connectors did not stop cleanly'))
      throw error
    }
    this.#generation = next
    this.#parts.log.info({ generation: next.number }, 'assembly reloaded')
    tellWarnings(assembly, this.#parts.log)
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
    await this.#server?.stop(0)
    await this.#within(this.assembly.host.shutdownTimeoutMs, this.#generation?.stop()).catch(
      this.#logFailure('the assembly did not stop cleanly'),
    )
    await this.#parts.parking.keeper.stop(0)
    await this.#parts.drain(0)
    await this.#parts.close()
  }

  get #current(): Generation {
    if (this.#generation !== undefined) return this.#generation
    throw new CarabinerError('SHUTTING_DOWN', 'the host has not started')
  }

  async #stop(reason: string): Promise<void> {
    const { clock } = this.#parts
    const deadline = clock.monotonic() + this.assembly.host.shutdownTimeoutMs
    const left = (): number => Math.max(0, deadline - clock.monotonic())
    this.#state = 'draining'
    this.#retention?.[Symbol.dispose]()
    // Until what is in flight is over, deliveries too, the listeners stay open and say that the host is draining.
    await this.#parts.parking.keeper.cease()
    const retiring = [this.#retiring, ...this.#lingering]
    await this.#within(left(), Promise.all([this.#current.idle(), ...retiring]))
    const { inFlight: dispatches } = this.bus
    if (dispatches > 0) this.#parts.log.warn({ dispatches }, 'shutdown_timeout is over: cut off')
    await this.bus.dispatch('shutdown', { reason }, { timeout: Math.max(1, left()) / 1000 })
    await this.#within(left(), this.#current.stop()).catch(
      this.#logFailure('connectors did not stop cleanly'),
    )
    await this.#parts.parking.keeper.stop(left())
    await this.#parts.drain(left())
    await this.#within(left(), this.#server?.stop(left()))
    await this.#parts.close()
  }

  /** Ends an assembly that a reload has replaced: at once, unless handlers of it await answers. Never rejects: the next one is at work. */
  async #retire(old: Generation): Promise<void> {
    await old.idle()
    const { workedOff } = this.#parts.parking.keeper
    if (workedOff === undefined) return this.#end(old)
    const { log } = this.#parts
    log.info({ generation: old.number }, 'the assembly before stays until what it holds is over')
    const lingering = workedOff.then(() => this.#end(old))
    this.#lingering.add(lingering)
    void lingering.then(() => this.#lingering.delete(lingering))
  }

  async #end(old: Generation): Promise<void> {
    try {
      await old.bus.dispatch('shutdown', { reason: 'reload' })
      await old.stop()
    } catch (error) {
      this.#logFailure('connectors did not stop cleanly')(error)
    }
    await this.#tellMissing()
  }

  /** What waits for an endpoint that has just gone says so at once, where it would within a minute. */
  async #tellMissing(): Promise<void> {
    if (this.#retention === undefined || this.#state === 'draining') return
    await this.engine
      .sweepMissing(this.assembly.host.retentionMs)
      .catch(this.#logFailure('deliveries of endpoints that went could not be looked for'))
  }

  /** Waits for `work`, but not longer than `ms`. */
  async #within(ms: number, work: Promise<unknown> | undefined): Promise<void> {
    const over = new AbortController()
    const late = this.#parts.clock.sleep(ms, over.signal).catch(() => undefined) // the rejection is our own abort
    await Promise.race([work, late]).finally(() => over.abort())
  }

  #logFailure(what: string): (error: unknown) => void {
    return (error) => this.#parts.log.error({ error: messageOf(error) }, what)
  }
}

function shuttingDown(): CarabinerError {
  return new CarabinerError('SHUTTING_DOWN', 'the host is shutting down')
}
