import type { Registry } from 'prom-client'
import type { ServerConfig } from '../assembly/host-config.ts'
import type { Redactor } from '../assembly/redactor.ts'
import type { Logger } from '../bus/handler.ts'
import type { Clock } from '../clock.ts'
import type { ConnectorRoute } from '../connector/route.ts'
import type { HostFace } from './host-face.ts'
import type { StoreTrouble } from './store-trouble.ts'

export interface ServerOptions {
  readonly config: ServerConfig
  readonly face: HostFace
  readonly redactor: Redactor
  readonly clock: Clock
  readonly log: Logger
  readonly version: string
  readonly metrics: Registry
  /** Routes there will be, as far as that is known before connectors are set up: how they tell refusals. @defaultValue none */
  readonly announced?: readonly Pick<ConnectorRoute, 'path' | 'family' | 'refuse'>[]
  /** How long a client may take. @defaultValue 10 s for headers, 30 s for the request, 72 s between requests */
  readonly timeouts?: ServerTimeouts
}

/** What the listeners of a server have in common. */
export interface ListenerOptions extends ServerOptions {
  readonly storeTrouble: StoreTrouble
}

/** How long a client may take, in milliseconds. */
export interface ServerTimeouts {
  /** From the connection, or the last answer on it, to the end of the headers. */
  readonly headersMs: number
  /** To the end of the body. */
  readonly requestMs: number
  /** Between an answer and the next request. */
  readonly keepAliveMs: number
}

export const defaultTimeouts: ServerTimeouts = {
  headersMs: 10_000,
  requestMs: 30_000,
  keepAliveMs: 72_000,
}
