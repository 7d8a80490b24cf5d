import { createHmac } from 'node:crypto'
import fc from 'fast-check'

/** A request to a host with the ingress connector, sensible or not. */
export interface AnyRequest {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | Uint8Array | undefined
}

export interface RequestPool {
  readonly managementKey: string
  readonly acmeSecret: string
  /** Ids that there are. */
  readonly ids: readonly string[]
}

/** Anything that somebody could send: bodies, headers, methods and paths, a good part of it nearly right. */
export function anyRequest({ managementKey, acmeSecret, ids }: RequestPool) {
  const id = fc.oneof(fc.constantFrom(...ids), fc.uuid(), word)
  const path = fc.oneof(
    fc.constantFrom('acme', 'acme', 'globex', 'github', 'slack', 'none', '%00').map(webhook),
    fc.constantFrom('events', 'integrations', 'replays', 'deliveries', 'audit-entries', 'health'),
    id.map((each) => `events/${each}`),
    id.map((each) => `events/${each}/status`),
    id.map((each) => `events/${each}/replay`),
    id.map((each) => `processing-status/${each}`),
    id.map((each) => `replays/${each}`),
    word.map((each) => `internal/delivery-sink/${each}`),
    fc.webPath({ size: 'small' }).map((each) => each.slice(1)),
  )
  const headers = fc.record(
    {
      'x-internal-api-key': fc.oneof(
        { weight: 5, arbitrary: fc.constant(managementKey) },
        { weight: 1, arbitrary: visible },
      ),
      'content-type': fc.oneof(
        { weight: 5, arbitrary: fc.constant('application/json') },
        { weight: 2, arbitrary: fc.constantFrom(...contentTypes) },
        { weight: 1, arbitrary: visible },
      ),
      'x-globex-token': visible,
      'x-hub-signature-256': visible,
      'x-github-event': visible,
      'x-slack-signature': visible,
      'x-slack-request-timestamp': fc.oneof(visible, fc.nat().map(String)),
      'content-encoding': fc.constantFrom('identity', 'gzip', 'x'),
      'x-trace-id': visible,
      'x-actor': visible,
      'x-carabiner-depth': fc.oneof(fc.nat({ max: 20 }).map(String), visible),
      'x-forwarded-for': visible,
      cookie: visible,
    },
    { requiredKeys: ['x-internal-api-key', 'content-type'] },
  )
  const anywhere = fc
    .record({ method, path, query, headers, body, isSigned: fc.boolean() })
    .map(({ isSigned, query: asked, path: below, ...request }): AnyRequest => {
      const url = `/api/v1/${below}${asked === undefined ? '' : `?${asked}`}`
      return isSigned ? signed({ ...request, path: url }) : { ...request, path: url }
    })
  const fromAcme = nearlyAcme.map((sent) =>
    signed({
      method: 'POST',
      path: '/api/v1/webhooks/acme',
      headers: { 'content-type': 'application/json' },
      body: sent,
    }),
  )
  const signed = (request: AnyRequest): AnyRequest => {
    const signature = createHmac('sha256', acmeSecret)
      .update(request.body ?? '')
      .digest('hex')
    return { ...request, headers: { ...request.headers, 'x-acme-signature': signature } }
  }
  return fc.oneof({ weight: 4, arbitrary: anywhere }, { weight: 1, arbitrary: fromAcme })
}

function webhook(provider: string): string {
  return `webhooks/${provider}`
}

/** Now and then one of the years that have more than four digits. */
const moment = fc
  .oneof(
    { weight: 4, arbitrary: fc.date({ min: new Date(0), max: new Date('2100-01-01') }) },
    { weight: 1, arbitrary: fc.date() },
  )
  .filter((date) => !Number.isNaN(date.getTime()))
  .map((date) => date.toISOString())

const contentTypes = [
  'application/json; charset=utf-8',
  'application/vnd.acme+json',
  'application/x-www-form-urlencoded',
  'text/plain',
  'multipart/form-data; boundary=x',
]

const visible = fc
  .string({
    maxLength: 30,
    unit: fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code)),
  })
  .map((text) => text.trim())
const text = fc.string({ unit: 'binary', maxLength: 20 })
const half = fc.constantFrom('\ud83d', 'a\u0000b', '\u0000', '\ude00x', '\ufeff')
const word = fc.oneof(
  fc.string({ maxLength: 20 }).map((each) => encodeURIComponent(each.toWellFormed())),
  fc.constantFrom('1', '%00', '%ff', '%zz', '..', '.', '%2e%2e', '%F0%9F%98%80'),
)

const method = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom('GET', 'POST') },
  { weight: 1, arbitrary: fc.constantFrom('PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS', 'QUERY') },
)

const names = [
  'page',
  'pageSize',
  'provider',
  'status',
  'eventType',
  'subject',
  'from',
  'to',
  'sortBy',
  'sortOrder',
  'eventId',
  'activeOnly',
  'entityId',
  'action',
  '__proto__',
] as const
const values = fc.oneof(
  word,
  fc.integer().map(String),
  fc.constantFrom(
    'acme',
    'pending',
    'processed',
    'receivedAt',
    'status',
    'asc',
    'desc',
    'true',
    '1e3',
    '-0',
  ),
  moment.map(encodeURIComponent),
)
const query = fc.option(
  fc
    .array(fc.tuple(fc.constantFrom(...names), values), { maxLength: 4 })
    .map((pairs) => pairs.map(([name, value]) => `${name}=${value}`).join('&')),
  { nil: undefined },
)

const anything = fc.oneof(
  text,
  half,
  fc.double(),
  fc.boolean(),
  fc.constant(null),
  moment,
  fc.object({ maxDepth: 2, maxKeys: 3 }),
)
/** What acme sends, or something that has its members. */
const nearlyAcme = fc
  .record(
    {
      eventId: fc.oneof({ weight: 4, arbitrary: fc.uuid() }, { weight: 1, arbitrary: anything }),
      eventType: fc.oneof(fc.constant('order.created'), anything),
      occurredAt: fc.oneof(moment, anything),
      data: fc.oneof(fc.object({ maxDepth: 2, maxKeys: 3 }), anything),
      subject: anything,
    },
    { requiredKeys: ['eventId', 'eventType', 'occurredAt', 'data'] },
  )
  .map((value) => JSON.stringify(value))
const body = fc.oneof(
  { weight: 4, arbitrary: nearlyAcme },
  {
    weight: 2,
    arbitrary: fc
      .record(
        { reason: fc.oneof(fc.constant('it was lost'), anything), requestedBy: anything },
        { requiredKeys: ['reason'] },
      )
      .map((value) => JSON.stringify(value)),
  },
  { weight: 1, arbitrary: fc.json() },
  { weight: 1, arbitrary: text.map((each) => each.toWellFormed()) },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 200 }) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      '{',
      '[]',
      'null',
      '{"a":1e999}',
      '{"__proto__":{}}',
      `${'['.repeat(300)}${']'.repeat(300)}`,
      'payload=%7B%7D&payload=1',
    ),
  },
  { weight: 1, arbitrary: fc.constant(undefined) },
)
