import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { Registry } from 'prom-client'
import type { ListenerConfig, ServerConfig } from '../../src/assembly/host-config.ts'
import type { Redactor } from '../../src/assembly/redactor.ts'
import type { DispatchOptions } from '../../src/bus/dispatch-options.ts'
import type { Logger } from '../../src/bus/handler.ts'
import type { Cancelled, Completed, Failed, Outcome, Warning } from '../../src/bus/outcome.ts'
import { type Clock, systemClock } from '../../src/clock.ts'
import { CarabinerError } from '../../src/errors.ts'
import type { HostFace, ServedRoute } from '../../src/server/host-face.ts'
import { type RunningServer, startServer } from '../../src/server/server.ts'
import type { ServerTimeouts } from '../../src/server/server-options.ts'
import type { Page } from '../../src/store/store.ts'

/** A key that every served host knows unless it is told otherwise. */
export const managementKey = 'a-key-of-the-operators'

/** The one secret of the assembly; it must never be seen in an answer. */
export const secret = 'whsec_seen-by-nobody'

export interface ServedHostOptions {
  readonly face?: Partial<HostFace>
  readonly config?: Partial<ServerConfig>
  readonly listeners?: readonly Partial<ListenerConfig>[]
  /** `starting`: it never gets that far. */
  readonly routes?: readonly ServedRoute[] | 'starting'
  readonly registry?: Registry
  readonly clock?: Clock
  readonly timeouts?: ServerTimeouts
}

export interface LogLine {
  readonly level: string
  readonly fields: object
  readonly message: string | undefined
}

/** A server on port 0 in front of a hand-made host. */
export interface ServedHost extends AsyncDisposable {
  readonly url: string
  readonly urls: readonly string[]
  readonly log: readonly LogLine[]
  serve(routes: readonly ServedRoute[]): Promise<void>
  stop(withinMs?: number): Promise<void>
  /** A request to the first listener, with the management key. */
  request(path: string, init?: RequestInit): Promise<Answered>
}

export interface Answered {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  /** The body as JSON; `undefined` when it is none. */
  readonly json: AnyJson
}

/** What came over the wire, for tests to look into. */
export interface AnyJson {
  readonly [field: string]: AnyJson
}

export async function servedHost(options: ServedHostOptions = {}): Promise<ServedHost> {
  const log: LogLine[] = []
  const listeners = (options.listeners ?? [{}]).map(aListener)
  const server = await startServer({
    config: { ...defaultConfig, ...options.config, listeners },
    face: aFace(options.face),
    redactor,
    clock: options.clock ?? systemClock,
    log: recorder(log),
    version: '1.2.3',
    metrics: options.registry ?? new Registry(),
    ...(options.timeouts && { timeouts: options.timeouts }),
  })
  const { routes = [] } = options
  if (routes !== 'starting') await serveOrStop(server, routes)
  const urls = server.listeners.map(({ url }) => url)
  const url = urls[0] ?? ''
  return {
    url,
    urls,
    log,
    serve: (routes) => server.serve(routes),
    stop: (withinMs) => server.stop(withinMs),
    request: (path, init) => request(`${url}${path}`, withKey(init)),
    [Symbol.asyncDispose]: () => server.stop(0),
  }
}

async function serveOrStop(server: RunningServer, routes: readonly ServedRoute[]): Promise<void> {
  try {
    await server.serve(routes)
  } catch (error) {
    await server.stop(0)
    throw error
  }
}

export async function request(url: string, init?: RequestInit): Promise<Answered> {
  const response = await fetch(url, init)
  const body = await response.text()
  return { status: response.status, headers: response.headers, text: body, json: parse(body) }
}

/** Sends exactly these bytes to a server and gives what it says until it closes the connection. */
export async function rawExchange(url: string, bytes: string): Promise<string> {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  socket.write(bytes, 'latin1')
  return text(socket)
}

function withKey(init: RequestInit = {}): RequestInit {
  return { ...init, headers: { 'x-internal-api-key': managementKey, ...init.headers } }
}

function parse(body: string): AnyJson {
  try {
    return JSON.parse(body)
  } catch {
    return {}
  }
}

const defaultConfig: Omit<ServerConfig, 'listeners'> = {
  publicUrl: null,
  managementKeys: [{ name: 'operators', key: managementKey }],
  allowUnauthenticated: false,
  trustedProxies: [],
  bodyLimit: 64 * 1024,
  cors: false,
}

function aListener(given: Partial<ListenerConfig>): ListenerConfig {
  return {
    host: '127.0.0.1',
    port: 0,
    serve: ['public', 'management', 'callbacks', 'metrics'],
    tls: undefined,
    ...given,
  }
}

export const redactor: Redactor = {
  text: (given) => given.replaceAll(secret, '••••'),
  value: (given) => JSON.parse(JSON.stringify(given).replaceAll(secret, '••••')),
}

function recorder(lines: LogLine[]): Logger {
  const at =
    (level: string) =>
    (fields: object, message?: string): void => {
      lines.push({ level, fields, message })
    }
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}

/** A host that knows the event `adjust`, whose results are its params. */
export function aFace(given: Partial<HostFace> = {}): HostFace {
  return {
    store: {
      name: 'memory',
      deliveries: noRows,
      delivery: async () => undefined,
      endpointStates: async () => [],
      auditPage: async () => ({ rows: [], total: 0 }),
      redelivery: async () => undefined,
      redeliveries: noRows,
    },
    dispatch: async (event, params, options) => {
      if (event !== 'adjust')
        throw new CarabinerError('EVENT_UNKNOWN', `there is no event \`${event}\``)
      const results = [{ connector: 'adjuster', value: params }]
      return anOutcome({ kind: 'completed', results }, options)
    },
    parkedDispatch: async () => undefined,
    describe: () => ({ connectors: [], events: [], handlers: [], endpoints: [], families: [] }),
    state: () => 'ready',
    health: async () => [{ name: 'memory', ok: true }],
    redeliver: async () => refusedByHost('ENDPOINT_UNKNOWN', 'nothing can be redelivered here'),
    stopRedelivery: async () => undefined,
    erase: async () => ({ messages: 0, cancelled: 0, records: 0 }),
    ...given,
  }
}

/** What becomes of an event whose own handler, the host's, does not do it. */
export function refusedByHost(code: string, message: string): Outcome {
  const failures = [{ connector: 'host', phase: 'on', code, message }] as const
  return anOutcome({ kind: 'failed', phase: 'on', failures, results: [] })
}

async function noRows(): Promise<Page<never>> {
  return { rows: [], nextCursor: null }
}

const common = {
  dispatchId: '019a0000-0000-7000-8000-000000000001',
  traceId: 'trace',
  event: 'adjust',
  dryRun: false,
  durationMs: 1,
  warnings: [] as readonly Warning[],
}

export function anOutcome(
  ending: Completed | Cancelled | Failed = nothing,
  { traceId, dryRun }: DispatchOptions = {},
): Outcome {
  return { ...common, ...ending, traceId: traceId ?? common.traceId, dryRun: dryRun ?? false }
}

const nothing: Completed = { kind: 'completed', results: [] }
