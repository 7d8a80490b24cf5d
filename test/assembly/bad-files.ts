// biome-ignore-all lint/suspicious/noTemplateCurlyInString: `${…}` is what these files contain

/** A file that is wrong: where, and in which words. `schema`: JSON Schema can say so too. */
export interface BadFile {
  readonly wrong: string
  readonly yaml: string
  readonly at: readonly [line: number, column: number]
  readonly says: RegExp
  readonly expects: RegExp
  readonly schema?: boolean
  readonly env?: Readonly<Record<string, string>>
  readonly beside?: Readonly<Record<string, string>>
}

const route =
  'courier:\n  - name: a\n    events: [measure]\n    url: http://x\n    secret: s3cr3t\n'
const meter = 'connectors: [meter]\nmeter:\n'
const both = 'connectors: [meter, courier]\n'

function host(yaml: string, at: BadFile['at'], says: RegExp, expects: RegExp): BadFile {
  return {
    wrong: yaml.trim().replaceAll('\n', ' '),
    yaml: `host:\n  ${yaml}\n`,
    at,
    says,
    expects,
    schema: true,
  }
}

/** What JSON Schema has no words for. */
/** A URL of PostgreSQL, behind its scheme. */
function postgres(url: string, says: RegExp): BadFile {
  return hostBeyondSchema(`store: postgres://${url}`, [2, 10], says, /%2F.*%25/)
}

function hostBeyondSchema(...bad: Parameters<typeof host>): BadFile {
  return { ...host(...bad), schema: false }
}

function inMeter(yaml: string, column: number, says: RegExp, expects: RegExp): BadFile {
  return {
    wrong: `meter: ${yaml}`,
    yaml: `${meter}  ${yaml}\n`,
    at: [3, column],
    says,
    expects,
    schema: true,
  }
}

function connector(wrong: string, code: string, says: RegExp, expects: RegExp): BadFile {
  return {
    wrong: `a connector that ${wrong}`,
    yaml: 'host: {}\nconnectors:\n  mine: ./mine.ts\n',
    beside: { 'mine.ts': code },
    at: [3, 9],
    says,
    expects,
  }
}

const seconds = /seconds as a number, or units as in 500ms/

export const badFiles: readonly BadFile[] = [
  // What is no YAML, or not the YAML of one map
  { wrong: 'an empty file', yaml: '', at: [1, 1], says: /empty/, expects: /a map with `host`/ },
  { wrong: 'comments alone', yaml: '# nothing\n', at: [1, 1], says: /empty/, expects: /a map/ },
  { wrong: 'a list', yaml: '- a\n', at: [1, 1], says: /not a map/, expects: /a map/, schema: true },
  {
    wrong: 'a text',
    yaml: 'carabiner\n',
    at: [1, 1],
    says: /not a map/,
    expects: /a map/,
    schema: true,
  },
  {
    wrong: 'a tab as indentation',
    yaml: 'host:\n\tname: x\n',
    at: [2, 1],
    says: /tab/,
    expects: /spaces/,
  },
  {
    wrong: 'an open quote',
    yaml: 'host:\n  name: "x\n',
    at: [3, 1],
    says: /missing closing/,
    expects: /YAML/,
  },
  {
    wrong: 'an open bracket',
    yaml: 'connectors: [a, b\nhost: {}\n',
    at: [2, 1],
    says: /flow sequence/,
    expects: /YAML/,
  },
  {
    wrong: 'a second colon',
    yaml: 'host:\n  store: memory: x\n',
    at: [2, 10],
    says: /second `:`/,
    expects: /quotes/,
  },
  {
    wrong: 'a reserved character',
    yaml: 'host:\n  name: @x\n',
    at: [2, 9],
    says: /reserved character/,
    expects: /YAML/,
  },
  {
    wrong: 'two documents',
    yaml: 'host: {}\n---\nhost: {}\n',
    at: [2, 1],
    says: /second document/,
    expects: /one/,
  },
  {
    wrong: 'YAML 1.1',
    yaml: '%YAML 1.1\n---\nhost: {}\n',
    at: [1, 1],
    says: /YAML 1\.1/,
    expects: /YAML 1\.2/,
  },
  {
    wrong: 'a key twice',
    yaml: 'host:\n  name: a\n  name: b\n',
    at: [3, 3],
    says: /`name` is there twice/,
    expects: /once/,
  },
  {
    wrong: 'a key that is a list',
    yaml: 'x-a:\n  ? [b]\n  : c\n',
    at: [2, 5],
    says: /not a text/,
    expects: /key/,
  },
  {
    wrong: '__proto__',
    yaml: 'x-a:\n  __proto__: 1\n',
    at: [2, 3],
    says: /unknown key `__proto__`/,
    expects: /name/,
  },
  {
    wrong: 'an unknown tag',
    yaml: 'host:\n  name: !secret x\n',
    at: [2, 9],
    says: /unknown tag `!secret`/,
    expects: /!env/,
  },
  {
    wrong: '!!binary',
    yaml: 'host:\n  name: !!binary aGk=\n',
    at: [2, 9],
    says: /unknown tag `!!binary`/,
    expects: /!env/,
  },
  {
    wrong: 'an alias of nothing',
    yaml: 'x-a: *b\n',
    at: [1, 6],
    says: /no anchor `&b`/,
    expects: /anchor/,
  },
  {
    wrong: 'an alias of itself',
    yaml: 'x-a: &a\n  b: *a\n',
    at: [2, 6],
    says: /contains itself/,
    expects: /else/,
  },
  {
    wrong: 'a merge of a text',
    yaml: 'x-a:\n  <<: b\n',
    at: [2, 7],
    says: /merges something/,
    expects: /a map/,
  },
  { wrong: 'an alias bomb', yaml: bomb(), at: [1, 38], says: /too many values/, expects: /100000/ },
  {
    wrong: 'deep nesting',
    yaml: `x-a: ${'['.repeat(10_000)}${']'.repeat(10_000)}\n`,
    at: [1, 205],
    says: /too deeply/,
    expects: /200/,
  },
  {
    wrong: 'deep nesting left open',
    yaml: '- '.repeat(10_000),
    at: [1, 401],
    says: /too deeply/,
    expects: /200/,
  },
  {
    wrong: '10 MB',
    yaml: `# ${'x'.repeat(10 * 1024 * 1024)}`,
    at: [1, 1],
    says: /too large/,
    expects: /4 MiB/,
  },
  {
    wrong: 'a million items',
    yaml: `x-a: [${'a,'.repeat(1_000_000)}]`,
    at: [1, 266_669],
    says: /too many/,
    expects: /400000/,
  },

  // References
  {
    wrong: 'an unset variable',
    yaml: 'host:\n  name: ${NOPE}\n',
    at: [2, 9],
    says: /`NOPE` is not set/,
    expects: /\.env, or a default/,
  },
  {
    wrong: 'an unset variable in a text',
    yaml: 'host:\n  name: "a ${NOPE} b"\n',
    at: [2, 9],
    says: /`NOPE`/,
    expects: /NOPE:-/,
  },
  {
    wrong: '!env of nothing',
    yaml: 'host:\n  name: !env NOPE\n',
    at: [2, 14],
    says: /`NOPE` is not set/,
    expects: /NOPE/,
  },
  {
    wrong: '!env of no name',
    yaml: 'host:\n  name: !env a-b\n',
    at: [2, 14],
    says: /name of a variable/,
    expects: /!env NAME/,
  },
  {
    wrong: '!file of nothing',
    yaml: 'host:\n  name: !file nope.txt\n',
    at: [2, 15],
    says: /cannot read nope\.txt/,
    expects: /readable/,
  },
  {
    wrong: 'a malformed reference',
    yaml: 'host:\n  name: ${1A}\n',
    at: [2, 9],
    says: /does not begin/,
    expects: /\$\{NAME\}/,
  },
  {
    wrong: 'a variable of the wrong type',
    yaml: 'host:\n  server: { port: ${PORT} }\n',
    env: { PORT: 'http' },
    at: [2, 19],
    says: /`port` is a text \(it comes from a variable/,
    expects: /whole number/,
  },
  {
    wrong: 'a quoted number in a variable',
    yaml: 'host:\n  server: { port: "${PORT}" }\n',
    env: { PORT: '80' },
    at: [2, 19],
    says: /`port` is a text/,
    expects: /whole number/,
  },
  {
    wrong: 'CARABINER_METER_LIMIT',
    yaml: `${meter}  loud: true\n`,
    env: { CARABINER_METER_LIMIT: 'much' },
    at: [2, 1],
    says: /`limit` is a text \(it comes from the variable `CARABINER_METER_LIMIT`\)/,
    expects: /a number/,
  },

  // host
  host('nmae: x', [2, 3], /unknown key `nmae`; did you mean `name`\?/, /`name`, `store`/),
  host('name: 5', [2, 9], /`name` is a number/, /text that is not empty/),
  host('name: ""', [2, 9], /`name` is empty/, /not empty/),
  host('store: mysql://x', [2, 10], /does not have the form/, /sqlite:/),
  hostBeyondSchema(
    'store: postgres://shop:hun/t?r2@db/orders',
    [2, 10],
    /not a URL such as postgres:/,
    /postgres:/,
  ),
  hostBeyondSchema(
    'store: postgres://shop@db/orders?schema=Two-Words',
    [2, 10],
    /a schema is named by .* got "Two-Words"/,
    /%2F/,
  ),
  postgres('db/orders?sslmode=nonsense', /one of disable, .* for `sslmode`, got "nonsense"/),
  postgres('db/orders?ssl=false', /one of true, 1, 0, no-verify for `ssl`, got "false"/),
  postgres('db/orders?port=70000', /a port from 1 to 65535 for `port`, got "70000"/),
  postgres('db/orders?statement_timeout=5s', /milliseconds for `statement_timeout`, got "5s"/),
  postgres('db/orders?connect_timeout=5', /`connect_timeout` is no parameter .* sslmode/),
  postgres('db/orders?sslmode=disable&sslmode=require', /`sslmode` is there more than once/),
  postgres('db/orders?sslmode=disable&sslnegotiation=direct', /needs TLS/),
  postgres('db/orders?sslmode=verify-ca&uselibpqcompat=true', /expected `sslrootcert`/),
  postgres('db/orders?sslrootcert=nope.pem', /`sslrootcert` cannot be read: ENOENT/),
  postgres('db/orders?sslcert=a.pem', /`sslcert` and `sslkey` belong together/),
  postgres('shop:50%@db/orders', /percent-encoded \(% is %25\)/),
  postgres('one,two/orders', /more than one host/),
  postgres('db/orders#main', /what follows a # is not read/),
  host('retention: 7 d', [2, 14], /contains a space/, seconds),
  host('event_timeout: abc5s', [2, 18], /not a duration/, seconds),
  host('event_timeout: 0', [2, 18], /no time at all/, seconds),
  host('event_timeout: "10"', [2, 18], /number in quotes/, seconds),
  host('event_timeout: -1s', [2, 18], /negative/, seconds),
  host('event_timeout: 1h2', [2, 18], /ends without a unit/, seconds),
  host('event_timeout: [1]', [2, 18], /`event_timeout` is a list/, /a duration/),
  host('log: { level: inof }', [2, 17], /did you mean `info`/, /trace, debug, info/),
  host('log: pretty', [2, 8], /`log` is a text/, /a map/),
  host('egress: { ports: [0] }', [2, 21], /is below 1/, /from 1 to 65535/),
  hostBeyondSchema('egress: { allow: ["a b"] }', [2, 21], /not a host name/, /10\.0\.0\.0/),
  hostBeyondSchema('egress: { allow: ["*.x"] }', [2, 21], /not a host name/, /10\.0\.0\.0/),
  hostBeyondSchema('egress: { allow: [1.2.3.999] }', [2, 21], /not a host name/, /10\.0\.0\.0/),
  hostBeyondSchema('egress: { proxy: "https://x" }', [2, 20], /over http/, /http:\/\/host/),
  hostBeyondSchema('egress: { proxy: "x:1" }', [2, 20], /over http/, /http:\/\/host/),
  hostBeyondSchema('egress: { proxy: "http://x/y" }', [2, 20], /no path/, /http:\/\/host/),
  hostBeyondSchema('egress: { proxy: "http://%:a@x" }', [2, 20], /encoded/, /http:\/\/host/),
  host('server: { port: 99999 }', [2, 19], /is above 65535/, /0 to 65535/),
  host('server: { port: 80.5 }', [2, 19], /is a number/, /whole number/),
  host('server: { body_limit: 64 KiB }', [2, 25], /contains a space/, /64KiB/),
  host('server: { body_limit: 0 }', [2, 25], /is no size/, /64KiB/),
  host('server: { public_url: example.com }', [2, 25], /does not have the form/, /https:/),
  host('server: { management_key: tooshort }', [2, 29], /fewer than 16/, /at least 16/),
  host('server: { management_key: { name: a } }', [2, 29], /`key` is missing/, /16/),
  host('server: { cors: true }', [2, 19], /`cors` is true/, /false or a map/),
  hostBeyondSchema(
    'server: { trusted_proxies: [nope/8] }',
    [2, 31],
    /not an address/,
    /10\.0\.0\.0/,
  ),
  host('server: { listeners: [] }', [2, 24], /`listeners` is empty/, /at least 1/),
  host(
    'server: { listeners: [{ port: 1, serve: [publik] }] }',
    [2, 44],
    /did you mean `public`/,
    /public, management/,
  ),
  host('server: { listeners: [{ host: x }] }', [2, 25], /`port` is missing/, /whole number/),
  hostBeyondSchema(
    'server: { port: 1, listeners: [{ port: 2 }] }',
    [2, 19],
    /no effect beside `listeners`/,
    /one or the other/,
  ),
  hostBeyondSchema(
    'server: { host: 0.0.0.0, allow_unauthenticated: true }',
    [2, 51],
    /open to everyone who reaches 0\.0\.0\.0/,
    /loopback/,
  ),
  hostBeyondSchema(
    'server: { listeners: [{ port: 1, tls: { cert: nope.pem, key: -----BEGIN } }] }',
    [2, 49],
    /cannot be read/,
    /PEM/,
  ),

  // connectors
  {
    wrong: 'connectors: text',
    yaml: 'connectors: meter\n',
    at: [1, 1],
    says: /names no connectors/,
    expects: /\[\] for none/,
    schema: true,
  },
  {
    wrong: 'a connector that is a number',
    yaml: 'connectors: [5]\n',
    at: [1, 14],
    says: /names no connector/,
    expects: /a path/,
    schema: true,
  },
  {
    wrong: 'an unknown connector',
    yaml: 'connectors: [metre]\n',
    at: [1, 14],
    says: /neither a built-in .* did you mean `meter`/,
    expects: /path/,
  },
  {
    wrong: 'a connector file that is missing',
    yaml: 'connectors: [./nope.ts]\n',
    at: [1, 14],
    says: /no such file: \.\/nope\.ts/,
    expects: /TypeScript/,
  },
  {
    wrong: 'a connector twice in a list',
    yaml: 'connectors: [meter, meter]\n',
    at: [1, 21],
    says: /two connectors have the id `meter`/,
    expects: /map of ids/,
  },
  {
    wrong: 'an id that is a command',
    yaml: 'connectors:\n  check: meter\n',
    at: [2, 3],
    says: /is a command/,
    expects: /another id/,
    schema: true,
  },
  {
    wrong: 'an id that is a key',
    yaml: 'connectors:\n  host: meter\n',
    at: [2, 3],
    says: /key of the assembly/,
    expects: /another id/,
    schema: true,
  },
  {
    wrong: 'an id with a capital',
    yaml: 'connectors:\n  Meter: meter\n',
    at: [2, 3],
    says: /cannot be an id/,
    expects: /a-z/,
    schema: true,
  },
  {
    wrong: 'an id that is ignored',
    yaml: 'connectors:\n  x-meter: meter\n',
    at: [2, 3],
    says: /x- keys/,
    expects: /another id/,
    schema: true,
  },
  {
    wrong: 'a stanza that is not active',
    yaml: 'connectors: []\nmeter: {}\n',
    at: [2, 1],
    says: /no active connector has this id/,
    expects: /among `connectors`/,
    schema: true,
  },
  {
    wrong: 'a stanza with a typing error',
    yaml: 'connectors: [meter]\nmetr: {}\n',
    at: [2, 1],
    says: /did you mean `meter`/,
    expects: /among/,
    schema: true,
  },
  {
    wrong: 'an unknown key without connectors',
    yaml: 'metr: {}\n',
    at: [1, 1],
    says: /no built-in connector.*did you mean `meter`/,
    expects: /`courier` or `meter`/,
    schema: true,
  },
  {
    wrong: 'no stanza where one is needed',
    yaml: 'connectors: [courier]\n',
    at: [1, 14],
    says: /`courier` is empty/,
    expects: /at least 1/,
  },
  connector(
    'throws at import',
    'throw new Error("out of order")',
    /importing \.\/mine\.ts failed: out of order/,
    /imported/,
  ),
  connector(
    'has no default export',
    'export const mine = 1',
    /no default export/,
    /defineConnector/,
  ),
  connector(
    'is something else',
    'export default { name: "x", setup() {} }',
    /not a connector/,
    /defineConnector/,
  ),
  connector('exports none', 'export default []', /exports no connector/, /defineConnector/),
  connector('has an enum', 'enum A { B }\nexport default A', /enum is not supported/, /stripped/),
  connector(
    'is no TypeScript',
    'export default {',
    /mine\.ts cannot be read|mine\.ts failed/,
    /TypeScript|imported/,
  ),
  connector(
    'imports what is not there',
    'import "./nope.ts"\nexport default 1',
    /Cannot find module/,
    /imported/,
  ),
  connector(
    'has a bad name',
    'import { defineConnector } from "carabiner"\nexport default defineConnector({ name: "A B", setup() {} })',
    /expected a connector name/,
    /imported/,
  ),
  connector(
    'exports two under one id',
    'import { defineConnector } from "carabiner"\nconst make = (name: string) => defineConnector({ name, setup() {} })\nexport default [make("a"), make("b")]',
    /exports 2 connectors under one id/,
    /list/,
  ),
  {
    wrong: 'an event declared twice',
    yaml: 'connectors:\n  meter: meter\n  mine: ./mine.ts\n',
    beside: {
      'mine.ts':
        'import { defineConnector, defineEvent } from "carabiner"\nexport default defineConnector({ name: "mine", events: [defineEvent("measure")], setup() {} })',
    },
    at: [3, 9],
    says: /`measure` is declared by meter and by mine/,
    expects: /names of their own/,
  },

  // Stanzas
  inMeter('limt: 5', 3, /unknown key `limt`; did you mean `limit`/, /`limit`/),
  inMeter('limit: "5"', 10, /`limit` is a text/, /a number/),
  inMeter('limit: .nan', 10, /`limit` is a number/, /a number/),
  inMeter('limit: [1]', 10, /`limit` is a list/, /a number/),
  inMeter('every: 0s', 10, /no time at all/, seconds),
  inMeter('pause: -1', 10, /negative/, seconds),
  inMeter('retries: 11', 12, /above 10/, /from 0 to 10/),
  inMeter('loud: yes', 9, /`loud` is a text/, /true or false/),
  inMeter('label: abcdefghijklmnopqrstuvwxyz', 10, /more than 20/, /at most 20/),
  inMeter('key: short', 8, /fewer than 8/, /at least 8/),
  inMeter('site: nowhere', 9, /uri/, /uri/),
  inMeter('tags: [a, a]', 9, /duplicate/, /a list/),
  inMeter('tags: [a, b, c, d]', 9, /more than 3/, /a list/),
  inMeter('tags: [a, 5]', 13, /item 2 of `tags` is a number/, /a text/),
  inMeter('target: { kind: ftp }', 19, /`kind` is none of/, /file or http/),
  inMeter(
    'target: { kind: file, path: x, wait: 1s }',
    34,
    /unknown key `wait`/,
    /`kind` or `path`/,
  ),
  inMeter('target: { kind: http, url: x, wait: soon }', 39, /not a duration/, seconds),
  inMeter('target: near', 11, /`target` is a text/, /a map/),
  {
    wrong: 'a rate without a unit',
    yaml: `${both}${route}    rate: 50\n`,
    at: [7, 11],
    says: /`rate` is a number/,
    expects: /50\/s/,
    schema: true,
  },
  {
    wrong: 'a rate of nonsense',
    yaml: `${both}${route}    rate: 50/y\n`,
    at: [7, 11],
    says: /not a rate/,
    expects: /50\/s/,
    schema: true,
  },
  {
    wrong: 'a missing key',
    yaml: `${both}courier:\n  - name: a\n    events: [measure]\n    url: x\n`,
    at: [3, 5],
    says: /`secret` is missing/,
    expects: /a secret, or a list/,
    schema: true,
  },
  {
    wrong: 'an unknown event',
    yaml: `${both}${route.replace('[measure]', '[measure, mesure]')}`,
    at: [4, 23],
    says: /unknown event `mesure`/,
    expects: /measure/,
  },
  {
    wrong: 'a bad glob',
    yaml: `${both}${route.replace('[measure]', '["a**"]')}`,
    at: [4, 14],
    says: /bad glob/,
    expects: /a\*/,
  },
  {
    wrong: 'settings that contradict',
    yaml: `${both}${route}    mode: off\n    rate: 5/s\n`,
    at: [8, 11],
    says: /contradicts/,
    expects: /one/,
  },
]

function bomb(): string {
  const levels = Array.from({ length: 12 }, (_, level) => {
    const items =
      level === 0 ? '1, 2, 3, 4, 5, 6, 7, 8, 9' : `${`*a${level - 1}, `.repeat(8)}*a${level - 1}`
    return `a${level}: &a${level} [${items}]`
  })
  return `x-bomb: { ${levels.join(', ')} }\n`
}
