import assert from 'node:assert/strict'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import { eventually } from '../helpers/engine.ts'
import { receiver } from '../helpers/receiver.ts'
import {
  acmeSecret,
  type IngressHost,
  managementKey,
  startIngress,
} from '../plugins/ingress/ingress-host.ts'
import { type AnyRequest, anyRequest } from './ingress-requests.ts'

export interface FuzzReport extends Readonly<Record<string, number>> {
  readonly requests: number
  /** Events that were made of them. */
  readonly events: number
  /** Megabytes by which the heap was larger at the end than after a tenth of the requests. */
  readonly grown: number
}

/** Megabytes that are noise. */
const mostGrown = 24

/** Sends any requests to a host: none may be answered with a mistake of ours, nor outside of the envelope, and nothing may pile up. */
export async function ingressFuzz({
  requests,
}: {
  readonly requests: number
}): Promise<FuzzReport> {
  await using endpoint = await receiver({ answers: [204] })
  await using host = await startIngress({
    store: 'sqlite:./store.db',
    callback: endpoint.url,
    integrations: ['globex', 'github', 'slack'].map(
      (name) =>
        `{ provider: ${name}, secret: a-secret-of-${name}, callback_url: '${endpoint.url}' }`,
    ),
    stanza: 'rate_limit: { unverified: false }',
  })
  const ids = [await host.accepted(), await host.accepted({ eventId: 'evt-2' })]
  const arbitrary = anyRequest({ managementKey, acmeSecret, ids })
  const send = (numRuns: number): Promise<void> =>
    fc.assert(
      fc.asyncProperty(arbitrary, (request) => answered(host, request)),
      { numRuns, verbose: 1 },
    )

  await send(Math.ceil(requests / 10))
  const before = await heapOf(host)
  await send(Math.floor((requests * 9) / 10))
  const grown = Math.round((await heapOf(host)) - before)

  assert.ok(grown < mostGrown, `the heap has grown by ${grown} MB`)
  const { total } = Object((await host.get('/events'))['meta'])
  return { requests, events: Number(total), grown }
}

async function answered(host: IngressHost, request: AnyRequest): Promise<void> {
  const { path, method, headers, body } = request
  const hasBody = method !== 'GET' && method !== 'HEAD'
  const response = await fetch(`${host.project.url}${path}`, {
    method,
    headers,
    ...(hasBody &&
      body !== undefined && { body: typeof body === 'string' ? body : new Uint8Array(body) }),
  })
  const { status } = response
  const text = await response.text()
  // 508: it says of itself that it stands behind too many events.
  assert.ok(status < 500 || status === 508, `${status} ${text}`)
  if (method === 'HEAD' || isHandshake(response, status)) return
  const told = JSON.parse(text)
  assert.deepEqual(
    Object.keys(told),
    status < 300 ? ['success', 'data', 'meta'] : ['success', 'error'],
  )
  assert.match(response.headers.get('x-trace-id') ?? '', /^[\x21-\x7e]{1,128}$/)
}

function isHandshake({ headers }: Response, status: number): boolean {
  return status === 200 && headers.get('content-type')?.startsWith('text/plain') === true
}

setFlagsFromString('--expose-gc')
const collect: () => void = runInNewContext('gc')

/** Megabytes, when everything that was accepted is delivered. */
async function heapOf({ project }: IngressHost): Promise<number> {
  await eventually(async () => {
    return (await project.host.store.backlog()).oldestPendingAt === null
  })
  collect()
  return process.memoryUsage().heapUsed / 1e6
}
