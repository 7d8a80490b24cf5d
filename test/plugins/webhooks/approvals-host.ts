import { signCallback } from '../../../src/callbacks/callback-signature.ts'
import type { AuditRow } from '../../../src/store/audit.ts'
import type { ReceivedRequest, Receiver } from '../../helpers/receiver.ts'
import { type Answered, request } from '../../helpers/served-host.ts'
import { type StartedProject, startProject } from '../../helpers/start-host.ts'

export const callbackSecret: string = 'c0'.repeat(32)
const managementKey = 'key-of-the-operators'

/** What a request hands out to whoever decides. */
export interface HandedOut {
  readonly id: string
  readonly url: string
  readonly signature: string
  readonly expires_at: string
}

/** An assembly on SQLite whose callbacks are swept often. @param connectors - more entries of `connectors:` */
export function approvalsYaml(stanzas: string, connectors = ''): string {
  return `host:
  store: sqlite:./carabiner.db
  server: { port: 0, public_url: "https://hooks.example.com", management_key: ${managementKey} }
connectors: { adjuster: ./adjuster.ts, callbacks: callbacks, ${connectors}webhooks: webhooks, http-worker: http-worker }
callbacks: { secret: "${callbackSecret}", sweep: 100ms }
${stanzas}
`
}

/** A host that listens, and those who answer its callbacks. */
export interface ApprovalsHost extends AsyncDisposable {
  readonly project: StartedProject
  answer(id: string, action: 'complete' | 'fail' | 'heartbeat', body: unknown): Promise<Answered>
  /** With the management key. */
  call(path: string, init?: RequestInit): Promise<Answered>
  /** What the audit trail says of a dispatch's decisions, oldest first. */
  decisions(dispatchId: string): Promise<readonly AuditRow['details'][]>
}

interface Surroundings {
  readonly connectors?: string
  readonly files?: Readonly<Record<string, string>>
}

export async function startApprovals(
  stanzas: string,
  { connectors = '', files = {} }: Surroundings = {},
): Promise<ApprovalsHost> {
  const yaml = approvalsYaml(stanzas, connectors)
  const project = await startProject(yaml, { listen: true, files })
  return {
    project,
    answer: (id, action, body) => answerAt(project.url, id, action, body),
    call: (path, init) => callAt(project.url, path, init),
    async decisions(dispatchId) {
      const filter = { entityId: dispatchId, action: 'decision.made' }
      const { rows } = await project.host.store.auditTrail(filter)
      return rows.toReversed().map(({ details }) => details)
    },
    [Symbol.asyncDispose]: () => project[Symbol.asyncDispose](),
  }
}

/** A signed answer, as an outside system gives it. */
export function answerAt(
  url: string,
  id: string,
  action: 'complete' | 'fail' | 'heartbeat',
  body: unknown,
): Promise<Answered> {
  return request(`${url}/api/callbacks/${id}/${action}`, {
    method: 'POST',
    headers: { 'x-awa-signature': signCallback(id, callbackSecret) },
    body: JSON.stringify(body),
  })
}

/** A call of the management API. */
export function callAt(url: string, path: string, init: RequestInit = {}): Promise<Answered> {
  const headers = { 'x-internal-api-key': managementKey, ...init.headers }
  return request(`${url}${path}`, { ...init, headers })
}

/** A dispatch over HTTP. */
export function dispatchAt(url: string, event: string, params: object): Promise<Answered> {
  const headers = { 'content-type': 'application/json' }
  return callAt(url, `/api/v1/dispatch/${event}`, {
    method: 'POST',
    headers,
    body: JSON.stringify(params),
  })
}

/** The callback in the request to this path that came last. */
export function handedOutAt({ received }: Receiver, path: string): HandedOut {
  const request = received.findLast((each) => each.path === path)
  if (request === undefined) throw new Error(`nothing was sent to ${path}`)
  return handedOutIn(request)
}

export function handedOutIn({ text }: ReceivedRequest): HandedOut {
  return JSON.parse(text).callback
}
