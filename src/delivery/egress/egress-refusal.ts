import { CarabinerError } from '../../errors.ts'
import type { EgressOptions, EndpointEgress } from './egress-options.ts'
import { canonicalHost, createEgressGuard, type EgressGuard } from './guard.ts'

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

/** Says why no request will ever leave for a URL, as far as it shows without DNS; `undefined`: nothing speaks against it yet. */
export type WrittenRefusal = (url: string) => string | undefined

/** Looks at URLs as they are written, for whoever wants to know before anything is sent. */
export function writtenRefusal(egress: EgressOptions): WrittenRefusal {
  const guard = guardOf(egress)
  if (guard === undefined) return () => undefined
  const allowed = new Set(egress.allow.map(canonicalHost))
  return (text) => {
    const url = URL.parse(text)
    if (url === null) return undefined
    const refusal = guard.refusal(url)
    if (refusal !== undefined || allowed.has(canonicalHost(url.hostname))) return refusal
    return refusalOfOwnMachine(url, guard)
  }
}

/** `undefined`: `allow` makes no sense, which is told where it stands. */
function guardOf(egress: EgressOptions): EgressGuard | undefined {
  try {
    return createEgressGuard(egress)
  } catch (error) {
    if (error instanceof CarabinerError) return undefined
    throw error
  }
}

/** RFC 6761 §6.3: such a name is the machine itself, at whichever of the two addresses. */
const ownMachine = /(?:^|\.)localhost\.?$/

function refusalOfOwnMachine(url: URL, guard: EgressGuard): string | undefined {
  if (!ownMachine.test(url.hostname)) return undefined
  const [first, ...others] = ['127.0.0.1', '[::1]'].map((address) => {
    const there = new URL(url)
    there.hostname = address
    return guard.refusal(there)
  })
  return others.includes(undefined) ? undefined : first
}
