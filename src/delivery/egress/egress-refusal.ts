import type { EndpointEgress } from './egress-options.ts'
import { createEgressGuard } from './guard.ts'

/**
 * What speaks against a URL as it is written: its scheme, port, credentials, or an address in a range that is refused. What its host name
 * leads to is judged again with each connection.
 *
 * @returns `egress refused: …`; `undefined` when nothing does
 * @throws {CarabinerError} ASSEMBLY_INVALID for an `allow` entry that is neither host name, address nor CIDR range
 * @example
 * ```ts
 * import { egressRefusal } from 'carabiner'
 *
 * const rules = { default: 'guarded', allow: [], http: false, ports: [443] } as const
 * egressRefusal(new URL('https://10.0.0.5/'), rules) // 'egress refused: 10.0.0.5 is private'
 * ```
 */
export function egressRefusal(url: URL, egress: EndpointEgress): string | undefined {
  return createEgressGuard({ proxy: null, ...egress }).refusal(url)
}
