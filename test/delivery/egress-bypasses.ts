/** Ways to an address that must not be reached, as somebody would write them who wants to get there. */
export interface Bypass {
  /** With `PORT` for the port of the listener that must not hear of it. */
  readonly url: string
  /** What the name in it resolves to. */
  readonly dns?: readonly string[]
  /** What the refusal says. */
  readonly says: RegExp
}

/** Addresses with the range that a refusal names. */
const targets: readonly (readonly [string, string])[] = [
  ['127.0.0.1', 'loopback'],
  ['169.254.169.254', 'cloud metadata'],
  ['10.0.0.1', 'private'],
  ['172.16.0.1', 'private'],
  ['192.168.1.1', 'private'],
  ['100.64.0.1', 'carrier-grade NAT'],
  ['0.0.0.0', 'unspecified'],
]

/** Other ways to write an IPv4 address that a URL's parser undoes. */
const spellings: readonly ((octets: Octets) => string)[] = [
  (octets) => octets.join('.'),
  (octets) => `${octets.join('.')}.`,
  (octets) => String(numberOf(octets)),
  (octets) => `0x${numberOf(octets).toString(16)}`,
  (octets) => `0X${numberOf(octets).toString(16).toUpperCase()}`,
  (octets) => `0${numberOf(octets).toString(8)}`,
  (octets) => `00000${numberOf(octets).toString(8)}`,
  (octets) => octets.map((octet) => `0x${octet.toString(16)}`).join('.'),
  (octets) => octets.map((octet) => `0${octet.toString(8)}`).join('.'),
  (octets) => octets.map((octet) => `000${octet.toString(8)}`).join('.'),
  ([a, b, c, d]) => `0x${a.toString(16)}.0${b.toString(8)}.${c}.${d}`,
  ([a, b, c, d]) => `${a}.${(b << 16) + (c << 8) + d}`,
  ([a, b, c, d]) => `${a}.${b}.${(c << 8) + d}`,
  ([a, b, c, d]) => `${a}.${b}.0x${((c << 8) + d).toString(16)}`,
  (octets) => wide(octets.join('.')),
  (octets) => octets.join('。'),
  (octets) => octets.join('．'),
  (octets) => octets.join('｡'),
  (octets) => octets.join('%2E'),
  (octets) => [...octets.join('.')].map((each) => `%${each.charCodeAt(0).toString(16)}`).join(''),
]

/** IPv6 addresses that hold an IPv4 one, with what a refusal calls them. */
const carriers: readonly (readonly [(octets: Octets) => string, string])[] = [
  [(octets) => `::ffff:${octets.join('.')}`, 'mapped'],
  [(octets) => `::ffff:${hex(octets)}`, 'mapped'],
  [(octets) => `0:0:0:0:0:ffff:${hex(octets)}`, 'mapped'],
  [(octets) => `::ffff:0:${hex(octets)}`, 'translated'],
  [(octets) => `64:ff9b::${octets.join('.')}`, 'NAT64'],
  [(octets) => `2002:${hex(octets)}::1`, '6to4'],
  [(octets) => `2001:0:4136:e378:8000:63bf:${inverted(octets)}`, 'Teredo'],
]

type Octets = readonly [number, number, number, number]

export const bypasses: readonly Bypass[] = [
  ...targets.flatMap(([address, range]) => [
    ...spellings.map((spell) => literal(spell(octetsOf(address)), range)),
    ...carriers.map(([carry, name]) => carried(carry(octetsOf(address)), name)),
    resolved(`a-record-${address}.test`, [address], range),
    resolved(`second-record-${address}.test`, ['93.184.215.14', address], range),
    resolved(`mapped-record-${address}.test`, [`::ffff:${address}`], name(address)),
  ]),
  ...(
    [
      ['127.1', 'loopback'],
      ['127.255.255.254', 'loopback'],
      ['0', 'unspecified'],
      ['0x', 'unspecified'],
      ['00000', 'unspecified'],
      ['①②⑦.⓪.⓪.①', 'loopback'],
      ['172.31.255.255', 'private'],
      ['169.254.0.1', 'link-local'],
      ['169.254.170.2', 'cloud metadata'],
      ['100.100.100.200', 'cloud metadata'],
      ['168.63.129.16', 'cloud metadata'],
      ['192.0.0.192', 'cloud metadata'],
      ['192.0.2.1', 'reserved'],
      ['192.88.99.1', '\\S.*'],
      ['198.18.0.1', 'benchmark|reserved'],
      ['198.51.100.1', 'reserved'],
      ['203.0.113.1', 'reserved'],
      ['224.0.0.1', 'multicast'],
      ['239.255.255.255', 'multicast'],
      ['240.0.0.1', 'reserved'],
      ['255.255.255.255', 'broadcast'],
      ['[::1]', 'loopback'],
      ['[0:0:0:0:0:0:0:1]', 'loopback'],
      ['[::0001]', 'loopback'],
      ['[::]', 'unspecified'],
      ['[::127.0.0.1]', 'reserved'],
      ['[::7f00:1]', 'reserved'],
      ['[64:ff9b:1::127.0.0.1]', '\\S.*'],
      ['[fe80::1]', 'link-local'],
      ['[febf::1]', 'link-local'],
      ['[fec0::1]', '\\S.*'],
      ['[fc00::1]', 'private'],
      ['[fdff::1]', 'private'],
      ['[fd00:ec2::254]', 'cloud metadata'],
      ['[ff02::1]', 'multicast'],
      ['[100::1]', '\\S.*'],
      ['[2001:db8::1]', 'reserved'],
      ['[2001:2::1]', '\\S.*'],
      ['[3fff::1]', '\\S.*'],
      ['[5f00::1]', '\\S.*'],
      ['[4000::1]', 'reserved'],
    ] as const
  ).map(([host, range]) => literal(host, range)),
  ...['localhost', 'LOCALHOST', 'localhost.', 'ⓛocalhost', 'ｌｏｃａｌｈｏｓｔ', 'loc%61lhost'].map(
    (host) => resolved(host, ['127.0.0.1', '::1'], 'loopback'),
  ),
  resolved('metadata.google.internal', ['169.254.169.254'], 'cloud metadata'),
  resolved('first-is-bad.test', ['127.0.0.1', '93.184.215.14'], 'loopback'),
  resolved('mixed-families.test', ['2606:4700:4700::1111', '::1'], 'loopback'),
  resolved('zone.test', ['fe80::1%lo'], 'link-local'),
  resolved('loopback-zone.test', ['::1%lo'], 'loopback'),
  resolved('127.0.0.1.nip.test', ['127.0.0.1'], 'loopback'),
  resolved('xn--lcalhost-n3a.test', ['127.0.0.1'], 'loopback'),
  {
    url: 'http://answers-nonsense.test:PORT/',
    dns: ['localhost'],
    says: /localhost is not an address$/,
  },
  { url: 'http://answers-octal.test:PORT/', dns: ['0177.0.0.1'], says: /0177\.0\.0\.1 is \S/ },
  { url: 'http://empty.test:PORT/', dns: [], says: /empty\.test has no address$/ },
  ...[
    'http://example.com@127.0.0.1:PORT/',
    'http://example.com:80@127.0.0.1:PORT/',
    'http://user:password@localhost:PORT/',
    'https://127.0.0.1:PORT@127.0.0.1:PORT/',
  ].map((url) => ({ url, says: /the URL carries credentials$/ })),
  ...[
    'http:127.0.0.1:PORT/',
    'http:/127.0.0.1:PORT/',
    'http:\\\\127.0.0.1:PORT\\',
    'HTTP://127.0.0.1:PORT/',
    ' http://127.0.0.1:PORT/ ',
    'http://127.0\t.0.1:PORT/',
    'http://127.0.0\n.1:PORT/',
    'http://127.0.0.1:PORT#@example.com/',
    'http://127.0.0.1:PORT?@example.com/',
    'http://127.0.0.1:PORT\\@example.com/',
    'http://127.0.0.1:0000PORT/',
    'https://127.0.0.1:PORT/',
    'https://0x7f.1:PORT/',
  ].map((url) => ({ url, says: /127\.0\.0\.1 is loopback$/ })),
  ...['ftp://127.0.0.1:PORT/', 'ws://127.0.0.1:PORT/', 'gopher://127.0.0.1:PORT/'].map((url) => ({
    url,
    says: /scheme \w+ is not http or https$/,
  })),
]

/** Texts that are no URL at all, so that nothing is ever asked to send to them. */
export const notUrls: readonly string[] = [
  'http://[::1%25lo]/',
  'http://[fe80::1%lo]/',
  'http://127.0.0.1%00.example.com/',
  'http://256.256.256.256/',
  'http://1.2.3.4.5/',
  'http://[::ffff:127.0.0.1/',
  'http://exa mple.com/',
]

function literal(host: string, range: string): Bypass {
  return { url: `http://${host}:PORT/`, says: new RegExp(` \\S+ is (${range})$`) }
}

function carried(address: string, name: string): Bypass {
  // The metadata address is the worst of it, and is named first.
  const says = new RegExp(` \\S+ is (IPv4 in IPv6 \\(${name}\\)|cloud metadata)$`)
  return { url: `http://[${address}]:PORT/`, says }
}

function resolved(host: string, dns: readonly string[], range: string): Bypass {
  return { url: `http://${host}:PORT/`, dns, says: new RegExp(` \\S+ is (${range})$`) }
}

function name(address: string): string {
  return address === '169.254.169.254' ? 'cloud metadata' : 'IPv4 in IPv6 \\(mapped\\)'
}

function octetsOf(address: string): Octets {
  const [a = 0, b = 0, c = 0, d = 0] = address.split('.').map(Number)
  return [a, b, c, d]
}

function numberOf([a, b, c, d]: Octets): number {
  return a * 2 ** 24 + b * 2 ** 16 + c * 2 ** 8 + d
}

function hex([a, b, c, d]: Octets): string {
  return `${((a << 8) + b).toString(16)}:${((c << 8) + d).toString(16)}`
}

function inverted([a, b, c, d]: Octets): string {
  return hex([a ^ 255, b ^ 255, c ^ 255, d ^ 255])
}

function wide(text: string): string {
  return text.replace(/\d/g, (digit) => String.fromCharCode(0xff10 + Number(digit)))
}
