import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { receiver } from '../../../helpers/receiver.ts'
import {
  acmeRequest,
  acmeSecret,
  type IngressHost,
  managementKey,
  signedAcme,
  startIngress,
} from '../ingress-host.ts'
import { operator } from './operator.ts'

/** Everything that is configured and must never be said. */
const configured = {
  'acme’s secret': acmeSecret,
  'globex’s token': 'a-token-of-globex-alone',
  'what signs deliveries': 'a-secret-that-signs-deliveries',
  'the management key': managementKey,
  'what the callback URL has in it': 'a-token-in-the-callback-url',
}

/** What callers send that must not be kept. */
const sent = {
  authorization: 'Bearer credential-of-the-caller',
  cookie: 'session=cookie-of-the-caller',
  'x-api-key': 'api-key-of-the-caller',
  'proxy-authorization': 'Basic proxy-of-the-caller',
  'x-session-token': 'session-token-of-the-caller',
}

/** A host, and everything it has answered. */
interface Watched extends AsyncDisposable {
  readonly host: IngressHost
  readonly answers: string[]
  call(path: string, init?: RequestInit): Promise<void>
}

async function watched(callback: string): Promise<Watched> {
  const globex = `{ provider: globex, secret: ${configured['globex’s token']}, callback_url: '${callback}' }`
  const host = await startIngress({
    callback: `${callback}/acme?token=${configured['what the callback URL has in it']}`,
    acme: `sign_with: { scheme: axme, secret: ${configured['what signs deliveries']} }`,
    integrations: [globex],
    stanza: 'retry: { preset: gateway, base: 10ms }',
    server: 'body_limit: 4KiB',
  })
  const answers: string[] = []
  return {
    host,
    answers,
    async call(path, init = { headers: operator }) {
      const response = await fetch(`${host.project.url}${path}`, init)
      answers.push(`${JSON.stringify([...response.headers])} ${await response.text()}`)
    },
    [Symbol.asyncDispose]: () => host[Symbol.asyncDispose](),
  }
}

describe('an answer', () => {
  it('has no secret in it, nor a credential that came with a request', async () => {
    // A receiver that echoes what it was sent, secrets of ours included.
    const echo = { status: 500, body: `${Object.values(configured).join(' ')} is what I know` }
    await using endpoint = await receiver({ answers: [echo, echo, echo, 200] })
    await using watch = await watched(endpoint.url)
    const { host, call } = watch

    await call(...acmeRequest({ eventId: 'e1' }, sent))
    const [path, genuine] = acmeRequest({ eventId: 'e1' }, sent)
    await call(path, genuine)
    await call(path, { ...genuine, body: '{}' })
    await call(path, { ...genuine, body: `{"token": "${acmeSecret}"` })
    await call(...signedAcme(JSON.stringify({ eventId: acmeSecret })))
    await call('/api/v1/webhooks/globex', {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-globex-token': 'wrong-token' },
      body: '{}',
    })
    const { data: events } = await host.get('/events')
    const id = String(Object.values(events ?? {})[0]?.['id'])
    await host.reaches(id, 'failed')
    await host.replay(id)
    await host.reaches(id, 'processed')
    const { data: outbox } = await host.project.host.store
      .deliveries({})
      .then(({ rows }) => ({ data: rows }))

    for (const asked of [
      '/api/v1/integrations',
      '/api/v1/events',
      `/api/v1/events/${id}`,
      `/api/v1/events/${id}/status`,
      `/api/v1/processing-status/${id}`,
      '/api/v1/replays',
      '/api/v1/deliveries',
      '/api/v1/audit-entries?pageSize=100',
      '/api/v1/assembly',
      '/api/v1/outbox',
      ...outbox.map((row) => `/api/v1/outbox/${row.id}`),
      '/api/v1/health',
      '/openapi.json',
      '/metrics',
      `/api/v1/events?subject=${acmeSecret}`,
      `/api/v1/events?page=${acmeSecret}`,
      `/api/v1/events/${acmeSecret}`,
      `/api/v1/${acmeSecret}`,
    ]) {
      await call(asked)
    }
    await call('/api/v1/events', { headers: { 'x-internal-api-key': `${managementKey}x` } })
    await call(`/api/v1/events/${id}/replay`, {
      method: 'POST',
      headers: { ...operator, 'content-type': 'application/json' },
      body: JSON.stringify({ reason: 1, [acmeSecret]: acmeSecret }),
    })

    assert.ok(watch.answers.length > 25)
    const signature = new Headers(genuine.headers).get('x-acme-signature') ?? ''
    const credentials = Object.values(sent).map((value) => value.split(/[ =]/).at(-1) ?? value)
    const forbidden = [...Object.values(configured), ...credentials, signature, 'wrong-token']
    const said = forbidden.flatMap((word) =>
      watch.answers.filter((text) => text.includes(word)).map((text) => `${word}: ${text}`),
    )
    assert.deepEqual(said, [])
    assert.ok(watch.answers.some((text) => text.includes('is what I know')))
  })
})
