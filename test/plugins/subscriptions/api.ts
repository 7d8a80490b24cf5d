import assert from 'node:assert/strict'
import subscriptions from '../../../plugins/subscriptions/index.ts'
import type { ConnectorRoute } from '../../../src/connector/route.ts'
import { Validator } from '../../../src/schema/validator.ts'
import { type Answered, request } from '../../helpers/served-host.ts'
import { type StartedProject, startProject } from '../../helpers/start-host.ts'

/** The key of `agent://acme/ops`, which may act for every agent of acme. */
export const opsKey = 'key-of-the-operators'
/** The key of `agent://rival/bot`, which may act for nobody else. */
export const rivalKey = 'key-of-the-rival-bot'
/** A key that may only read. */
export const readKey = 'key-that-only-reads'

export const ops = 'agent://acme/ops'
export const rival = 'agent://rival/bot'

export interface Call {
  /** `null`: none. @defaultValue the key of the operators */
  readonly key?: string | null
  /** Sent as JSON; a text as it is. */
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

/** A host with the connector, and a client that holds every answer against what the routes say they answer. */
export interface Api extends AsyncDisposable {
  readonly project: StartedProject
  call(method: string, path: string, call?: Call): Promise<Answered>
  /** A call that has to go well. */
  ok(method: string, path: string, call?: Call): Promise<Answered['json']>
  /** Subscribes a URL and gives the id. */
  subscribe(url: string, fields?: Readonly<Record<string, unknown>>, call?: Call): Promise<string>
  /** Publishes an event and gives the answer. */
  publish(fields?: Readonly<Record<string, unknown>>, call?: Call): Promise<Answered['json']>
}

export interface ApiOptions {
  /** Lines of the stanza, beside those that let tests reach receivers on this machine. */
  readonly stanza?: string
  /** Whether the stanza says nothing but that receivers on this machine may be reached. */
  readonly isBare?: boolean
  /** @defaultValue memory: */
  readonly store?: string
  /** Lines of `host:`. */
  readonly host?: string
  /** Other connectors: their entries in `connectors:`. */
  readonly connectors?: string
  /** Further stanzas. */
  readonly more?: string
  readonly files?: Readonly<Record<string, string>>
  readonly logLevel?: 'silent' | 'trace' | 'info'
}

export async function startApi(options: ApiOptions = {}): Promise<Api> {
  const project = await startProject(yamlOf(options), {
    listen: true,
    files: options.files ?? {},
    logLevel: options.logLevel ?? 'silent',
  })
  return apiOf(project)
}

/** The API of a project that runs. */
export function apiOf(project: StartedProject): Api {
  const call: Api['call'] = async (method, path, given = {}) => {
    const answered = await request(`${project.url}${path}`, requestOf(method, given))
    assertPublished(method, path, answered)
    return answered
  }
  const ok: Api['ok'] = async (method, path, given) => {
    const { status, json, text } = await call(method, path, given)
    assert.equal(status, 200, text)
    return json
  }
  return {
    project,
    call,
    ok,
    async subscribe(callback_url, fields = {}, given = {}) {
      const body = { callback_url, event_types: ['*'], ...fields }
      const json = await ok('POST', '/v1/webhooks/subscriptions', { ...given, body })
      return String(json['subscription']?.['subscription_id'])
    },
    publish(fields = {}, given = {}) {
      const body = { event_type: 'order.created', source: 'tests', payload: { n: 1 }, ...fields }
      return ok('POST', '/v1/webhooks/events', { ...given, body })
    },
    [Symbol.asyncDispose]: () => project[Symbol.asyncDispose](),
  }
}

/** The assembly of a host with the connector. */
export function yamlOf({
  stanza = '',
  isBare = false,
  store = 'memory:',
  host = '',
  connectors = '',
  more = '',
}: ApiOptions): string {
  const own = stanza === '' ? '' : `\n${stanza.replaceAll(/^/gm, '  ')}`
  return `host:
  store: "${store}"
  server: { port: 0, management_key: key-of-the-management }
${host.replaceAll(/^/gm, '  ')}
connectors: { subscriptions: subscriptions${connectors === '' ? '' : `, ${connectors}`} }
subscriptions:
  api_keys:
    - { key: ${opsKey}, owner: "${ops}", may_act_for: ["agent://acme/*"] }
    - { key: ${rivalKey}, owner: "${rival}" }
    - { key: ${readKey}, owner: "${ops}", scopes: [read] }
${isBare || /^event_types:/m.test(stanza) ? '' : '  event_types: any'}
${/^egress:/m.test(stanza) ? '' : '  egress: { default: trusted, http: true, ports: any }'}
${isBare || /^rate_limit:/m.test(stanza) ? '' : '  rate_limit: false'}${own}
${more}
`
}

function requestOf(method: string, { key = opsKey, body, headers = {} }: Call): RequestInit {
  return {
    method,
    headers: {
      ...(key !== null && { 'x-api-key': key }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  }
}

const validator = new Validator({ allErrors: true })
const routes: readonly ConnectorRoute<never>[] = Array.isArray(subscriptions.routes)
  ? subscriptions.routes
  : []

/** Every answer of a route is one that the route says it gives. */
function assertPublished(method: string, path: string, { status, headers, json, text }: Answered) {
  assert.match(headers.get('x-trace-id') ?? '', /^[\x21-\x7e]+$/)
  assert.match(headers.get('x-request-id') ?? '', /^[\x21-\x7e]+$/)
  const route = routes.find((each) => each.method === method && isAt(each.path, path))
  if (route === undefined) return
  const response = route.responses?.[status]
  assert.ok(
    response?.body,
    `${method} ${path} answered ${status}, which it does not publish: ${text}`,
  )
  assert.deepEqual(validator.compile(response.body)(json), [], `${method} ${path}: ${text}`)
  const known = new Set(Object.keys(response.headers ?? {}).map((name) => name.toLowerCase()))
  for (const [name] of headers) {
    if (!/^(x-ratelimit|x-next|retry-after)/.test(name)) continue
    assert.ok(known.has(name), `${method} ${path}: ${status} does not publish ${name}`)
  }
}

function isAt(pattern: string, path: string): boolean {
  const [bare = ''] = path.split('?')
  return new RegExp(`^${pattern.replaceAll(/:\w+/g, '[^/]+')}$`).test(bare)
}
