/** Which addresses requests may go to. */
export interface EgressOptions {
  /** `trusted`: everywhere. `guarded`: not to loopback, private, link-local, metadata and other special ranges. */
  readonly default: 'trusted' | 'guarded'
  /** Host names and CIDR ranges that are let through all the same. */
  readonly allow: readonly string[]
  /** Whether plain http is allowed. */
  readonly http: boolean
  readonly ports: 'any' | readonly number[]
  /** `http://user:password@host:port` of a proxy through which all connections go (CONNECT); `null`: direct. */
  readonly proxy: string | null
}

/** The rules for one endpoint: those of URLs that others have registered are stricter than those of URLs in the assembly. */
export interface EndpointEgress extends Omit<EgressOptions, 'proxy'> {
  /** @defaultValue that of `host.egress` */
  readonly proxy?: string | null
}
