import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import ingress from '../../../plugins/ingress/index.ts'
import type { ConnectorRoute } from '../../../src/connector/route.ts'
import type { HostOptions } from '../../../src/host.ts'
import { answerChecker } from '../../../src/testing/answer-checker.ts'
import { eventually } from '../../helpers/engine.ts'
import { type Answered, type AnyJson, request } from '../../helpers/served-host.ts'
import { reloadProject, type StartedProject, startProject } from '../../helpers/start-host.ts'

export const acmeSecret = 'a-secret-of-acme-alone'
export const globexSecret = 'a-token-of-globex-alone'
export const managementKey = 'key-of-the-management'

export interface IngressOptions {
  /** Where acme's events go. @defaultValue nowhere: a port where nobody listens */
  readonly callback?: string
  /** Lines of the stanza, beside integrations. */
  readonly stanza?: string
  /** Further fields of acme's integration. */
  readonly acme?: string
  /** Further integrations, one a line. */
  readonly integrations?: readonly string[]
  /** @defaultValue memory: */
  readonly store?: string
  /** Lines of `host:`. */
  readonly host?: string
  /** Lines of `host.server`. */
  readonly server?: string
  /** Other connectors: their entries in `connectors:`. */
  readonly connectors?: string
  /** Further stanzas. */
  readonly more?: string
  readonly files?: Readonly<Record<string, string>>
  readonly clock?: NonNullable<HostOptions['clock']>
  readonly opened?: NonNullable<HostOptions['store']>
}

/** A webhook as acme says it. */
export interface AcmeEvent {
  readonly eventId: string
  readonly eventType: string
  readonly occurredAt: string
  readonly data: Readonly<Record<string, unknown>>
  readonly subject?: string
}

/** A host with the connector, a provider that posts to it, and an operator who looks. */
export interface IngressHost extends AsyncDisposable {
  readonly project: StartedProject
  /** Posts what acme would. */
  post(fields?: Partial<AcmeEvent>, headers?: Readonly<Record<string, string>>): Promise<Answered>
  /** Posts it, has it accepted, and gives the event's id. */
  accepted(fields?: Partial<AcmeEvent>): Promise<string>
  send(path: string, init: RequestInit): Promise<Answered>
  /** An operator's call that has to go well. */
  get(path: string): Promise<AnyJson>
  event(id: string): Promise<AnyJson>
  replay(id: string, reason?: string): Promise<Answered>
  /** Removes what the message of an event says. */
  erase(id: string): Promise<void>
  /** Actions of the audit trail about an entity, in their order. */
  actions(entityId: string): Promise<readonly string[]>
  audit(filter: string): Promise<readonly AnyJson[]>
  /** Resolves when the event has this status. */
  reaches(id: string, status: string): Promise<AnyJson>
}

export async function startIngress(options: IngressOptions = {}): Promise<IngressHost> {
  const { files = {}, clock, opened } = options
  const project = await startProject(yamlOf(options), {
    listen: true,
    files,
    ...(clock && { clock }),
    ...(opened && { store: opened }),
  })
  return ingressOf(project)
}

export function ingressOf(project: StartedProject): IngressHost {
  const client = clientOf(project.url)
  return {
    project,
    ...client,
    [Symbol.asyncDispose]: () => project[Symbol.asyncDispose](),
  }
}

/** Gives a running host another assembly. */
export function reload({ project }: Pick<IngressHost, 'project'>, yaml: string): Promise<void> {
  return reloadProject(project, yaml)
}

/** The provider and the operator of a host at a URL. */
export function clientOf(url: string): Omit<IngressHost, 'project' | typeof Symbol.asyncDispose> {
  const send: IngressHost['send'] = async (path, init) => {
    const answered = await request(`${url}${path}`, init)
    assertPublished(init.method ?? 'GET', path, answered)
    return answered
  }
  const get: IngressHost['get'] = async (path) => {
    const { status, json, text } = await send(`/api/v1${path}`, operator)
    assert.equal(status, 200, text)
    return json
  }
  const post: IngressHost['post'] = (fields, headers) => send(...acmeRequest(fields, headers))
  const audit: IngressHost['audit'] = async (filter) => {
    const { data } = await get(`/audit-entries?pageSize=100&${filter}`)
    return Object.values(data ?? {}).toReversed()
  }
  const event: IngressHost['event'] = async (id) => {
    const { data } = await get(`/events/${id}`)
    return data?.['event'] ?? {}
  }
  return {
    send,
    get,
    post,
    audit,
    event,
    async accepted(fields) {
      const { status, json, text } = await post(fields)
      assert.equal(status, 202, text)
      return String(json['data']?.['eventId'])
    },
    replay: (id, reason = 'it was lost on the way') =>
      send(`/api/v1/events/${id}/replay`, {
        ...operator,
        method: 'POST',
        body: JSON.stringify({ reason }),
      }),
    async erase(id) {
      const body = JSON.stringify({ messageId: id })
      const { status, text } = await send('/api/v1/erasures', { ...operator, method: 'POST', body })
      assert.equal(status, 200, text)
    },
    actions: async (entityId) =>
      (await audit(`entityId=${entityId}`)).map(({ action }) => String(action)),
    async reaches(id, status) {
      let last: AnyJson = {}
      await eventually(async () => {
        last = await event(id)
        return String(last['status']) === status
      })
      return last
    },
  }
}

const operator: RequestInit = {
  headers: { 'x-internal-api-key': managementKey, 'content-type': 'application/json' },
}

/** A webhook of acme, signed. */
export function acmeRequest(
  fields: Partial<AcmeEvent> = {},
  headers: Readonly<Record<string, string>> = {},
): [path: string, init: RequestInit] {
  return signedAcme(JSON.stringify(anAcmeEvent(fields)), headers)
}

/** This body, signed as acme does. */
export function signedAcme(
  body: string,
  headers: Readonly<Record<string, string>> = {},
): [path: string, init: RequestInit] {
  const signature = createHmac('sha256', acmeSecret).update(body).digest('hex')
  return [
    '/api/v1/webhooks/acme',
    {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'x-acme-signature': signature,
        ...headers,
      },
      body,
    },
  ]
}

export function anAcmeEvent(fields: Partial<AcmeEvent> = {}): AcmeEvent {
  return {
    eventId: 'evt-1',
    eventType: 'order.created',
    occurredAt: '2026-01-05T09:30:00Z',
    data: { id: 'order-1', total: 42 },
    ...fields,
  }
}

/** The assembly of a host with the connector. */
export function yamlOf({
  callback = 'http://127.0.0.1:9/acme',
  stanza = '',
  acme = '',
  integrations = [],
  store = 'memory:',
  host = '',
  server = '',
  connectors = '',
  more = '',
}: IngressOptions): string {
  const others = integrations.map((each) => `    - ${each}`).join('\n')
  return `host:
  store: "${store}"
  server:
    port: 0
    management_key: ${managementKey}
${server.replaceAll(/^/gm, '    ')}
${host.replaceAll(/^/gm, '  ')}
connectors: { ingress: ingress${connectors === '' ? '' : `, ${connectors}`} }
ingress:
${stanza.replaceAll(/^/gm, '  ')}
  integrations:
    - { provider: acme, secret: ${acmeSecret}, callback_url: '${callback}'${acme === '' ? '' : `, ${acme}`} }
${others}
${more}
`
}

const routes: readonly ConnectorRoute<never>[] = Array.isArray(ingress.routes) ? ingress.routes : []
const problemsOf = answerChecker(routes)

/** Every answer of a route is one that the route says it gives. */
function assertPublished(method: string, path: string, answered: Answered): void {
  const { status, headers, text: body } = answered
  if (/^\/api\/v1\/(?:audit-entries|erasures)/.test(path)) return
  assert.deepEqual(problemsOf({ method, path, status, headers, body }), [], body)
}
