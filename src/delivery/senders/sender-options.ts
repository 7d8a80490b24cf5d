import type { Clock } from '../../clock.ts'
import type { EgressOptions } from '../egress/egress-options.ts'
import type { LookupAll } from '../egress/host-lookup.ts'

/** What every sender is made from. */
export interface SenderOptions {
  readonly egress: EgressOptions
  readonly clock: Clock
  /** @defaultValue no change to what the runtime trusts */
  readonly tls?: SenderTls
  /** Asks DNS. @defaultValue the operating system's resolver */
  readonly lookup?: LookupAll
  readonly limits?: Partial<SenderLimits>
}

interface SenderTls {
  /** PEM certificates of authorities, trusted instead of the runtime's own by requests that name none. */
  readonly ca?: string
}

/** What a receiver may cost, apart from its reply's size, which each request sets. */
export interface SenderLimits {
  /** Bytes of a reply's header. @defaultValue 16,384 */
  readonly headerBytes: number
  /** Lines of a reply's header. @defaultValue 256 */
  readonly headerCount: number
  /** Interim answers (1xx) before the reply. @defaultValue 16 */
  readonly interimAnswers: number
  /** Milliseconds until a connection stands, DNS and TLS included; a shorter `timeoutMs` ends it before. @defaultValue 10,000 */
  readonly connectMs: number
  /** Milliseconds an unused connection is kept. @defaultValue 4,000 */
  readonly idleMs: number
  /** Connections to one origin at once; more requests wait for one to become free. @defaultValue 256 */
  readonly connections: number
}

export const defaultLimits: SenderLimits = {
  headerBytes: 16_384,
  headerCount: 256,
  interimAnswers: 16,
  connectMs: 10_000,
  idleMs: 4_000,
  connections: 256,
}
