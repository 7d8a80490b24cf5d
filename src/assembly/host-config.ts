import type { EgressOptions } from '../delivery/egress/egress-options.ts'

/** The `host:` stanza, parsed. Defaults stand in the contract of the assembly and in its schema. */
export interface HostConfig {
  readonly name: string
  /** `memory:`, `sqlite:/absolute/path`, `postgres://…`. */
  readonly store: string
  /** Of the audit trail: the first one signs, the others have signed before. Empty: the store's own. */
  readonly auditKeys: readonly string[]
  readonly shutdownTimeoutMs: number
  readonly eventTimeoutMs: number
  readonly retentionMs: number
  readonly log: { readonly level: LogLevel; readonly format: 'auto' | 'pretty' | 'json' }
  readonly egress: EgressOptions
  readonly deliveries: DeliveryLimits
  readonly server: ServerConfig
}

/** What deliveries may cost: bytes and counts. */
interface DeliveryLimits {
  /** Of the body of a message. */
  readonly bodyLimit: number
  /** Of a reply, as far as it is kept with its attempt. */
  readonly keptReply: number
  readonly replyHeaderBytes: number
  readonly replyHeaderLines: number
  /** Deliveries in this host's hands at once. */
  readonly window: number
}

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent'

export interface ServerConfig {
  readonly publicUrl: string | null
  readonly managementKeys: readonly { readonly name: string; readonly key: string }[]
  readonly allowUnauthenticated: boolean
  readonly trustedProxies: readonly string[]
  readonly bodyLimit: number
  readonly cors: false | { readonly origins: readonly string[] }
  /** At least one. */
  readonly listeners: readonly ListenerConfig[]
}

export type RouteFamily = 'public' | 'management' | 'callbacks' | 'metrics'

export interface ListenerConfig {
  readonly host: string
  readonly port: number
  readonly serve: readonly RouteFamily[]
  readonly tls: { readonly cert: string; readonly key: string } | undefined
}
