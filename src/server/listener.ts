import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { setImmediate } from 'node:timers/promises'
import type { ListenerConfig, RouteFamily } from '../assembly/host-config.ts'
import { CarabinerError, messageOf } from '../errors.ts'
import { TurnoverSet } from '../turnover.ts'
import type { App } from './app.ts'
import type { ServedRoute } from './host-face.ts'
import { createHttpServer } from './http-server.ts'
import { servingApp, startingApp } from './routes.ts'
import { defaultTimeouts, type ListenerOptions } from './server-options.ts'

/** Opens an address. @throws {CarabinerError} LISTEN_FAILED */
export async function openListener(
  config: ListenerConfig,
  options: ListenerOptions,
): Promise<Listener> {
  const listener = new Listener(config, options)
  await listener.open()
  return listener
}

/**
 * One open address with the route families it serves; what it does not serve is unknown there.
 *
 * The address outlives what is served on it: a reload replaces the app behind it, and requests that have begun end on the old one.
 */
export class Listener {
  readonly #config: ListenerConfig
  readonly #options: ListenerOptions
  readonly #server: Server
  readonly #connections = new TurnoverSet<Socket>()
  #app: App
  #isClosing = false

  constructor(config: ListenerConfig, options: ListenerOptions) {
    this.#config = config
    this.#options = options
    this.#app = this.#withGoodbye(startingApp(config, options))
    this.#server = this.#createServer().on('connection', (socket) => {
      this.#connections.add(socket)
      socket.once('close', () => this.#connections.delete(socket))
    })
  }

  get url(): string {
    const { host, tls } = this.#config
    // Proof of the cast: only a pipe has a string for an address, only a closed server none.
    const { port } = this.#server.address() as AddressInfo
    return `${tls === undefined ? 'http' : 'https'}://${bracketed(host)}:${port}`
  }

  get serve(): readonly RouteFamily[] {
    return this.#config.serve
  }

  async open(): Promise<void> {
    const { host, port } = this.#config
    await this.#app.ready()
    try {
      await once(this.#server.listen({ host, port }), 'listening')
    } catch (error) {
      throw failedToListen(this.#config, error)
    }
  }

  /**
   * Makes these routes ready to be served.
   *
   * @returns goes over to them
   * @throws {CarabinerError} CONNECTOR_FAILED
   */
  async prepare(routes: readonly ServedRoute[]): Promise<() => void> {
    const app = this.#withGoodbye(servingApp(this.#config, routes, this.#options))
    await app.ready()
    return () => {
      this.#app = app
    }
  }

  /** Takes no more connections; resolves when every request has its answer. */
  async close(): Promise<void> {
    this.#isClosing = true
    const closed = new Promise((resolve) => this.#server.close(resolve))
    // What has come already is read first. One on which nothing has come is not idle to Node: it waits for the first request.
    await setImmediate()
    for (const each of this.#connections.values()) if (each.bytesRead === 0) each.destroy()
    await closed
  }

  /** Ends the connections that are left. */
  cut(): void {
    this.#server.closeAllConnections()
  }

  #createServer(): Server {
    const { timeouts = defaultTimeouts } = this.#options
    try {
      return createHttpServer(this.#config, timeouts, (request, response) =>
        this.#app.routing(request, response),
      )
    } catch (error) {
      throw failedToListen(this.#config, error)
    }
  }

  /**
   * Every answer of a closing listener is the last of its connection.
   *
   * A closing server ends connections that are idle at that moment; one that is in use would be kept until it times out.
   */
  #withGoodbye(app: App): App {
    app.addHook('onSend', (_request, reply, _payload, done) => {
      if (this.#isClosing) reply.header('connection', 'close')
      done()
    })
    return app
  }
}

function failedToListen({ host, port }: ListenerConfig, error: unknown): CarabinerError {
  const message = `cannot listen on ${bracketed(host)}:${port}: ${messageOf(error)}`
  return new CarabinerError('LISTEN_FAILED', message, { cause: error })
}

function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host
}
