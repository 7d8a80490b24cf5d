import { lookup as systemLookup } from 'node:dns'
import type { LookupFunction } from 'node:net'
import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'
import { CarabinerError } from '../../errors.ts'
import { type Address, parseAddress, specialRange, unmapped } from './address-range.ts'
import type { EgressOptions } from './egress-options.ts'
import { coalesceLookups, type LookupAll } from './host-lookup.ts'

/** Decides which URLs and addresses requests may go to. */
export interface EgressGuard {
  /**
   * Says why a URL is refused as it is written: scheme, port, credentials, an address literal. `undefined`: nothing
   * speaks against it, but what its host name resolves to is judged by `lookup` for every new connection.
   */
  refusal(url: URL): string | undefined
  /**
   * Resolves a host name for `net.connect`, and fails with `EGRESS_REFUSED` when one of its addresses is refused.
   * The connection goes to the very addresses that were judged: there is no second look at DNS.
   */
  readonly lookup: LookupFunction
  /**
   * What a proxy is asked to connect to: the address that was judged; the name itself where any address may be connected
   * to. Rejects with `EGRESS_REFUSED` when one of the addresses is refused.
   */
  routeTo(host: string): Promise<string>
  /** Resolves a host name that nobody judges: the proxy's own. */
  readonly lookupProxy: LookupFunction
}

/**
 * Makes a guard from options.
 *
 * @param resolve - asks DNS for all addresses of a name. @defaultValue the operating system's resolver
 * @throws {CarabinerError} ASSEMBLY_INVALID for an `allow` entry that is neither host name, address nor CIDR range
 */
export function createEgressGuard(
  options: EgressOptions,
  resolve: LookupAll = systemLookupAll,
): EgressGuard {
  const allow = parseAllow(options.allow)
  const isJudged = (host: string): boolean =>
    options.default === 'guarded' && !allow.hosts.has(canonicalHost(host))
  const judge: Judge = (host, address) => (isJudged(host) ? refusalOf(address, allow) : undefined)
  const resolveOnce = coalesceLookups(resolve)
  const lookup = guardedLookup(resolveOnce, judge)

  return {
    refusal: (url) => refusalOfUrl(url, options) ?? refusalOfLiteral(url, judge),
    lookup,
    // A literal was judged with its URL, as it is when `net.connect` takes it.
    routeTo: async (host) =>
      isIP(host) === 0 && isJudged(host) ? judgedAddress(host, lookup) : host,
    lookupProxy: guardedLookup(resolveOnce, () => undefined),
  }
}

/** Why an address may not be connected to, `undefined` if it may. `host` is what it was resolved from. */
type Judge = (host: string, address: string) => string | undefined

interface AllowList {
  readonly hosts: ReadonlySet<string>
  readonly ranges: readonly [Address, number][]
}

function refusalOfUrl(url: URL, options: EgressOptions): string | undefined {
  const scheme = url.protocol.slice(0, -1)
  if (scheme !== 'http' && scheme !== 'https')
    return refused(`scheme ${scheme} is not http or https`)
  if (scheme === 'http' && !options.http) return refused('scheme http is not allowed, only https')
  if (url.username !== '' || url.password !== '') return refused('the URL carries credentials')

  const port = portOf(url)
  if (options.ports !== 'any' && !options.ports.includes(port)) {
    return refused(`port ${port} is not one of ${options.ports.join(', ')}`)
  }
  return undefined
}

function refusalOfLiteral(url: URL, judge: Judge): string | undefined {
  const host = hostOf(url)
  return isIP(host) === 0 ? undefined : judge(host, host)
}

function refusalOf(text: string, allow: AllowList): string | undefined {
  const address = parseAddress(text)
  if (address === undefined) return refused(`${text} is not an address`)
  const range = specialRange(address)
  if (range === undefined || isAllowed(address, allow)) return undefined
  return refused(`${text} is ${range}`)
}

function isAllowed(address: Address, allow: AllowList): boolean {
  const real = unmapped(address)
  return allow.ranges.some(
    ([base, bits]) => contains(base, bits, address) || contains(base, bits, real),
  )
}

function contains(base: Address, bits: number, address: Address): boolean {
  return address.kind() === base.kind() && address.match(base, bits)
}

function guardedLookup(resolve: LookupAll, judge: Judge): LookupFunction {
  return (host, options, callback) => {
    resolve(host, (error, found) => {
      if (error !== null) {
        callback(error, '', 0)
        return
      }
      for (const { address } of found) {
        const refusal = judge(host, address)
        if (refusal === undefined) continue
        callback(new CarabinerError('EGRESS_REFUSED', refusal), '', 0)
        return
      }
      const first = found[0]
      if (first === undefined) callback(noAddress(host), '', 0)
      else if (options.all === true) callback(null, [...found])
      else callback(null, first.address, first.family)
    })
  }
}

/** IPv4 first: who hides behind a proxy knows nothing of its IPv6. */
function judgedAddress(host: string, lookup: LookupFunction): Promise<string> {
  return new Promise((resolve, reject) => {
    lookup(host, { all: true }, (error, found) => {
      if (error !== null) {
        reject(error)
        return
      }
      const addresses = typeof found === 'string' ? [found] : found.map(({ address }) => address)
      const address = addresses.find((each) => isIP(each) === 4) ?? addresses[0]
      if (address === undefined) reject(noAddress(host))
      else resolve(address)
    })
  })
}

function noAddress(host: string): CarabinerError {
  return new CarabinerError('EGRESS_REFUSED', refused(`${host} has no address`))
}

function parseAllow(entries: readonly string[]): AllowList {
  const hosts = new Set<string>()
  const ranges: [Address, number][] = []
  for (const entry of entries) {
    const range = parseRange(entry)
    if (range !== undefined) ranges.push(range)
    else if (hostPattern.test(entry)) hosts.add(canonicalHost(entry))
    else {
      throw new CarabinerError(
        'ASSEMBLY_INVALID',
        `egress.allow: expected a host name, an address or a CIDR range, got \`${entry}\``,
      )
    }
  }
  return { hosts, ranges }
}

function parseRange(entry: string): [Address, number] | undefined {
  if (ipaddr.isValidCIDR(entry)) return ipaddr.parseCIDR(entry)
  if (isIP(entry) === 0) return undefined
  const address = ipaddr.parse(entry)
  return [address, address.kind() === 'ipv4' ? 32 : 128]
}

/** Letters, digits and hyphens in labels, the last one not all digits: those are addresses in disguise. */
const hostPattern =
  /^(?=.{1,253}\.?$)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*(?!\d+\.?$)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.?$/i

export function canonicalHost(host: string): string {
  const lower = host.toLowerCase()
  return lower.endsWith('.') ? lower.slice(0, -1) : lower
}

/** The host of a URL as `net.connect` takes it: without the brackets of IPv6. */
export function hostOf(url: URL): string {
  const { hostname } = url
  return hostname.startsWith('[') ? hostname.slice(1, -1) : hostname
}

export function portOf(url: URL): number {
  if (url.port !== '') return Number(url.port)
  return url.protocol === 'https:' ? 443 : 80
}

function refused(why: string): string {
  return `egress refused: ${why}`
}

function systemLookupAll(host: string, callback: Parameters<LookupAll>[1]): void {
  systemLookup(host, { all: true, order: 'verbatim' }, callback)
}
