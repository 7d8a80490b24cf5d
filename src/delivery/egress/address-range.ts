import ipaddr from 'ipaddr.js'

/** An address, parsed. */
export type Address = ipaddr.IPv4 | ipaddr.IPv6

/** Parses an address as the operating system writes it, zone and all; `undefined` when it is none. */
export function parseAddress(text: string): Address | undefined {
  return ipaddr.isValid(text) ? ipaddr.parse(text) : undefined
}

/**
 * The name of the special range an address lies in; `undefined` for what is reachable on the public internet.
 *
 * An IPv4 address inside an IPv6 one (mapped, 6to4, NAT64, Teredo) is special whatever it holds: who can
 * write one can write the way around a filter.
 */
export function specialRange(address: Address): string | undefined {
  if (isMetadata(address)) return 'cloud metadata'
  const range = address.range()
  if (range !== 'unicast') return rangeNames[range] ?? 'reserved'
  return isIpv6(address) && !address.match(globalUnicast) ? 'reserved' : undefined
}

/** The IPv4 address the kernel really connects to for a mapped one, else the address itself. */
export function unmapped(address: Address): Address {
  return isIpv6(address) && address.isIPv4MappedAddress() ? address.toIPv4Address() : address
}

function isIpv6(address: Address): address is ipaddr.IPv6 {
  return address.kind() === 'ipv6'
}

function isMetadata(address: Address): boolean {
  const text = unmapped(address).toString()
  return metadataAddresses.has(text)
}

/** AWS, Azure, GCP and others; AWS over IPv6; Alibaba; Azure's wire server (a public address); Oracle. */
const metadataAddresses: ReadonlySet<string> = new Set([
  '169.254.169.254',
  '169.254.170.2',
  'fd00:ec2::254',
  '100.100.100.200',
  '168.63.129.16',
  '192.0.0.192',
])

/** RFC 4291 §2.4: all that IANA has handed out for global unicast. */
const globalUnicast: [ipaddr.IPv6, number] = [ipaddr.IPv6.parse('2000::'), 3]

const rangeNames: Readonly<Record<string, string>> = {
  '6to4': 'IPv4 in IPv6 (6to4)',
  benchmarking: 'benchmark',
  broadcast: 'broadcast',
  carrierGradeNat: 'carrier-grade NAT',
  ipv4Mapped: 'IPv4 in IPv6 (mapped)',
  linkLocal: 'link-local',
  loopback: 'loopback',
  multicast: 'multicast',
  private: 'private',
  rfc6052: 'IPv4 in IPv6 (NAT64)',
  rfc6145: 'IPv4 in IPv6 (translated)',
  teredo: 'IPv4 in IPv6 (Teredo)',
  uniqueLocal: 'private',
  unspecified: 'unspecified',
}
