import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { describe, it } from 'node:test'
import { Agent, request as undiciRequest } from 'undici'
import { systemClock } from '../../src/clock.ts'
import type { HostFace } from '../../src/server/host-face.ts'
import { makeCertificate } from '../helpers/certificate.ts'
import { anOutcome, request, servedHost } from '../helpers/served-host.ts'

const post = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' }

describe('startServer', () => {
  it('tells where it listens and what it serves there', async () => {
    const listeners = [{ serve: ['public'] as const }, { host: '::1', serve: ['metrics'] as const }]
    await using host = await servedHost({ listeners })

    assert.match(host.urls[0] ?? '', /^http:\/\/127\.0\.0\.1:\d+$/)
    assert.match(host.urls[1] ?? '', /^http:\/\/\[::1\]:\d+$/)
    assert.equal((await request(`${host.urls[0]}/livez`)).status, 200)
    assert.equal((await request(`${host.urls[1]}/metrics`)).status, 200)
  })

  it('speaks TLS where it is told to', async () => {
    const tls = makeCertificate()
    await using host = await servedHost({ listeners: [{ tls }] })
    await using agent = closing(new Agent({ connect: { ca: tls.cert } }))

    assert.match(host.url, /^https:\/\//)
    const { statusCode, body } = await undiciRequest(`${host.url}/livez`, {
      dispatcher: agent.agent,
    })
    assert.deepEqual([statusCode, await body.json()], [200, { ok: true }])
  })

  it('opens every listener or none', async () => {
    await using taken = await servedHost()
    const port = Number(new URL(taken.url).port)
    const free = await freePort()

    const serving = servedHost({ listeners: [{ port: free }, { port }] })

    await assert.rejects(serving, {
      code: 'LISTEN_FAILED',
      message: new RegExp(`cannot listen on 127\\.0\\.0\\.1:${port}: .*EADDRINUSE`),
    })
    await assert.rejects(request(`http://127.0.0.1:${free}/livez`))
  })

  it('names the listener whose certificate is none', async () => {
    const serving = servedHost({ listeners: [{ tls: { cert: 'no', key: 'no' } }] })

    await assert.rejects(serving, { code: 'LISTEN_FAILED', message: /cannot listen on 127/ })
  })
})

describe('stop', () => {
  it('answers what is in flight and takes nothing new', async () => {
    const { face, started, finish } = slowFace()
    await using host = await servedHost({ face })

    const answering = host.request('/api/v1/dispatch/adjust', post)
    await started
    const stopping = host.stop()
    await assert.rejects(request(`${host.url}/livez`))
    finish()

    const answer = await answering
    await stopping
    assert.equal(answer.status, 200)
    assert.equal(answer.json['data']?.['kind'], 'completed')
  })

  it('does not wait for connections that are idle', async () => {
    await using host = await servedHost()
    const socket = connect(Number(new URL(host.url).port), '127.0.0.1')
    await once(socket, 'connect')
    socket.write('GET /livez HTTP/1.1\r\nhost: a\r\n\r\n')
    await once(socket, 'data')

    await host.stop()

    if (!socket.closed) await once(socket, 'close')
  })

  it('does not wait for connections on which nothing was asked', async () => {
    await using host = await servedHost()
    const socket = connect(Number(new URL(host.url).port), '127.0.0.1').resume()
    const closed = once(socket, 'close')
    await request(`${host.url}/livez`)

    await host.stop()

    await closed
  })

  it('cuts off what takes longer than it may', async () => {
    const { face, started } = slowFace()
    const host = await servedHost({ face, clock: systemClock })

    const answering = host.request('/api/v1/dispatch/adjust', post)
    const refused = assert.rejects(answering)
    const signal = await started
    await host.stop(20)

    await refused
    if (signal?.aborted === false) await once(signal, 'abort')
    assert.equal(signal?.aborted, true)
  })
})

function slowFace(): {
  readonly face: Partial<HostFace>
  readonly started: Promise<AbortSignal | undefined>
  finish(): void
} {
  const started = Promise.withResolvers<AbortSignal | undefined>()
  const finished = Promise.withResolvers<void>()
  const dispatch: HostFace['dispatch'] = async (_event, _params, { signal }) => {
    started.resolve(signal)
    await finished.promise
    return anOutcome()
  }
  return { face: { dispatch }, started: started.promise, finish: finished.resolve }
}

async function freePort(): Promise<number> {
  await using host = await servedHost()
  return Number(new URL(host.url).port)
}

function closing(agent: Agent): AsyncDisposable & { readonly agent: Agent } {
  return { agent, [Symbol.asyncDispose]: () => agent.close() }
}
