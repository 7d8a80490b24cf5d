import type { ListenerConfig, RouteFamily } from '../assembly/host-config.ts'
import type { ServedRoute } from './host-face.ts'
import { type Listener, openListener } from './listener.ts'
import { refuseOpenDoors } from './open-doors.ts'
import type { ServerOptions } from './server-options.ts'
import { StoreTrouble } from './store-trouble.ts'

export interface RunningServer {
  /** In the order of the configuration. */
  readonly listeners: readonly { readonly url: string; readonly serve: readonly RouteFamily[] }[]
  /**
   * Goes over to these routes of connectors: on every listener, or on none. Requests that have begun keep theirs.
   *
   * Until it is called for the first time everything but health is answered with 503.
   *
   * @throws {CarabinerError} CONNECTOR_FAILED, a route cannot be served; the routes stay as they were
   */
  serve(routes: readonly ServedRoute[]): Promise<void>
  /**
   * Takes no more connections, and resolves when every request in flight has its answer.
   *
   * @param withinMs - after which connections are cut that still wait for theirs @defaultValue never
   */
  stop(withinMs?: number): Promise<void>
}

/**
 * Opens every listener, or none. They say that the host is starting until `serve` is called.
 *
 * @throws {CarabinerError} LISTEN_FAILED, an address cannot be listened on; ASSEMBLY_INVALID, the management API would be
 * open to the network
 */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  refuseOpenDoors(options.config)
  const listeners = await openAll(options)
  return {
    listeners: listeners.map(({ url, serve }) => ({ url, serve })),
    async serve(routes) {
      const ready = await Promise.all(listeners.map((listener) => listener.prepare(routes)))
      for (const goOver of ready) goOver()
    },
    async stop(withinMs) {
      const cutOff = withinMs === undefined ? undefined : cutAfter(withinMs, listeners, options)
      await Promise.all(listeners.map((listener) => listener.close()))
      cutOff?.[Symbol.dispose]()
    },
  }
}

async function openAll(options: ServerOptions): Promise<Listener[]> {
  const configs: readonly ListenerConfig[] = options.config.listeners
  const shared = { ...options, storeTrouble: new StoreTrouble(options.clock, options.log) }
  const opening = await Promise.allSettled(configs.map((each) => openListener(each, shared)))
  const open = opening.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []))
  const refused = opening.find((each) => each.status === 'rejected')
  if (refused === undefined) return open

  await Promise.all(open.map((listener) => listener.close()))
  throw refused.reason
}

function cutAfter(
  ms: number,
  listeners: readonly Listener[],
  { clock }: Pick<ServerOptions, 'clock'>,
): Disposable {
  return clock.after(ms, () => {
    for (const listener of listeners) listener.cut()
  })
}
