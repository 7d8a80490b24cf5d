import {
  type HostProcess,
  type HostProcessOptions,
  runHost,
} from '../../../helpers/host-process.ts'
import { type Answered, request } from '../../../helpers/served-host.ts'
import { type ProjectFolder, projectFolder } from '../../../helpers/start-host.ts'
import { type ApiOptions, opsKey, yamlOf } from '../api.ts'

/** What a call sends beside its path. */
export interface HostCall {
  readonly body?: unknown
  readonly idempotencyKey?: string
}

/** `carabiner run` with the connector, and a caller with the key of the operators. */
export interface ApiProcess extends AsyncDisposable {
  readonly host: HostProcess
  /** @throws when there is no answer */
  call(method: string, path: string, call?: HostCall): Promise<Answered>
  /** Subscribes a URL to everything and gives the id. */
  subscribe(url: string, fields?: Readonly<Record<string, unknown>>): Promise<string>
  publish(call?: HostCall): Promise<Answered>
  kill(): Promise<void>
}

/** A folder with the assembly that `runApi` runs. */
export function apiFolder(options: ApiOptions): ProjectFolder {
  return projectFolder({ 'carabiner.yaml': yamlOf(options), ...options.files })
}

export async function runApi(
  folder: Pick<ProjectFolder, 'path'>,
  options: HostProcessOptions = {},
): Promise<ApiProcess> {
  const host = await runHost(folder, options)
  const call: ApiProcess['call'] = (method, path, given = {}) =>
    callAt(host.url, method, path, given)
  return {
    host,
    call,
    async subscribe(callback_url, fields = {}) {
      const body = { callback_url, event_types: ['*'], ...fields }
      const { status, json, text } = await call('POST', '/v1/webhooks/subscriptions', { body })
      if (status !== 200) throw new Error(`not subscribed: ${status} ${text}`)
      return String(json['subscription']?.['subscription_id'])
    },
    publish: (given = {}) => call('POST', '/v1/webhooks/events', { body: anEvent(), ...given }),
    async kill() {
      host.child.kill('SIGKILL')
      await host.exit()
    },
    [Symbol.asyncDispose]: () => host[Symbol.asyncDispose](),
  }
}

export function anEvent(payload: Readonly<Record<string, unknown>> = { n: 1 }) {
  return { event_type: 'order.created', source: 'tests', payload }
}

function callAt(
  url: string,
  method: string,
  path: string,
  { body, idempotencyKey }: HostCall,
): Promise<Answered> {
  return request(`${url}${path}`, {
    method,
    headers: {
      'x-api-key': opsKey,
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...(idempotencyKey !== undefined && { 'idempotency-key': idempotencyKey }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
}
