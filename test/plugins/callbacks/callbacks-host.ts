import assert from 'node:assert/strict'
import type { CallbacksConfig } from '../../../plugins/callbacks/config.ts'
import { callbacks } from '../../../plugins/callbacks/connector.ts'
import type { CallbackAction } from '../../../src/callbacks/callback.ts'
import { CallbackBook } from '../../../src/callbacks/callback-book.ts'
import { signCallback } from '../../../src/callbacks/callback-signature.ts'
import type { HostOptions } from '../../../src/host.ts'
import { answerChecker } from '../../../src/testing/answer-checker.ts'
import { type Answered, type AnyJson, request } from '../../helpers/served-host.ts'
import { type StartedProject, startProject } from '../../helpers/start-host.ts'

export const secret = '07'.repeat(32)
export const otherSecret = 'ab'.repeat(32)
export const managementKey = 'key-of-the-management'
export const hour = 3_600_000

export interface CallbacksOptions {
  /** Lines of the stanza. @defaultValue the secret */
  readonly stanza?: string
  /** @defaultValue memory: */
  readonly store?: string
  /** Lines of `host.server`. */
  readonly server?: string
  /** Other connectors: their entries in `connectors:`. */
  readonly connectors?: string
  readonly files?: Readonly<Record<string, string>>
  readonly clock?: NonNullable<HostOptions['clock']>
  readonly opened?: NonNullable<HostOptions['store']>
}

/** A host with the connector, those who answer, and an operator who looks. */
export interface CallbacksHost extends AsyncDisposable {
  readonly project: StartedProject
  readonly book: CallbackBook
  /** A new callback of nobody in particular. */
  create(timeoutMs?: number): Promise<string>
  /** An answer over the three routes, signed unless it says otherwise. */
  answer(
    id: string,
    action: CallbackAction,
    body: unknown,
    signature?: string | null,
  ): Promise<Answered>
  /** A call of the management API, with the key. */
  operate(path: string, init?: RequestInit): Promise<Answered>
  post(path: string, body: unknown, headers?: Readonly<Record<string, string>>): Promise<Answered>
  /** Rows of the audit trail about a callback, oldest first: `[action, actor]`. */
  audited(id: string): Promise<readonly (readonly [string, string])[]>
}

export async function startCallbacks(options: CallbacksOptions = {}): Promise<CallbacksHost> {
  const { files = {}, clock, opened } = options
  const project = await startProject(yamlOf(options), {
    listen: true,
    logLevel: 'trace',
    files,
    ...(clock && { clock }),
    ...(opened && { store: opened }),
  })
  const book = new CallbackBook(project.host.store, clock)
  const operate = async (path: string, init: RequestInit = {}): Promise<Answered> => {
    const headers = { 'x-internal-api-key': managementKey, ...init.headers }
    const answered = await request(`${project.url}${path}`, { ...init, headers })
    assertPublished(init.method ?? 'GET', path, answered)
    return answered
  }
  return {
    project,
    book,
    operate,
    create: async (timeoutMs = hour) => (await book.create({ waiter: 'test', timeoutMs })).id,
    async answer(id, action, body, signature = signCallback(id, secret)) {
      const path = `/api/callbacks/${id}/${action}`
      const answered = await request(`${project.url}${path}`, {
        method: 'POST',
        headers: signature === null ? {} : { 'x-awa-signature': signature },
        body: JSON.stringify(body),
      })
      assertPublished('POST', path, answered)
      return answered
    },
    post: (path, body, headers = {}) =>
      operate(path, { method: 'POST', headers, body: JSON.stringify(body) }),
    async audited(id) {
      const { rows } = await project.host.store.auditTrail({ entityId: id })
      return rows.toReversed().map(({ action, actor }) => [action, actor] as const)
    },
    [Symbol.asyncDispose]: () => project[Symbol.asyncDispose](),
  }
}

export function yamlOf({
  stanza = `secret: "${secret}"`,
  store = 'memory:',
  server = '',
  connectors = '',
}: CallbacksOptions = {}): string {
  return `host:
  store: "${store}"
  server:
    port: 0
    public_url: https://hooks.example.com
    management_key: ${managementKey}
${server.replaceAll(/^/gm, '    ')}
connectors: { callbacks: callbacks${connectors === '' ? '' : `, ${connectors}`} }
callbacks:
${stanza.replaceAll(/^/gm, '  ')}
`
}

/** The ids on a page of the list. */
export function idsIn({ json }: Answered): readonly string[] {
  return Object.values(json['data'] ?? {}).map((row: AnyJson) => String(row['id']))
}

const { routes } = callbacks
assert.ok(typeof routes === 'function')
const problemsOf = answerChecker(
  routes({
    id: 'callbacks',
    config: {
      secret: [secret],
      allow_unsigned: false,
      path_prefix: '/api/callbacks',
      sweep: 5_000,
      signatures: [],
    } satisfies CallbacksConfig,
  }),
)

/** Every answer of a route is one that the route says it gives. */
function assertPublished(method: string, path: string, answered: Answered): void {
  const { status, headers, text: body } = answered
  assert.deepEqual(problemsOf({ method, path, status, headers, body }), [], body)
}
