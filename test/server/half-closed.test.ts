import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { describe, it } from 'node:test'
import { connect as connectTls } from 'node:tls'
import type { HostFace } from '../../src/server/host-face.ts'
import { makeCertificate } from '../helpers/certificate.ts'
import { anOutcome, managementKey, servedHost } from '../helpers/served-host.ts'

const health = 'GET /livez HTTP/1.1\r\nhost: a\r\n\r\n'
const dispatch = `POST /api/v1/dispatch/adjust HTTP/1.1\r\nhost: a\r\nx-internal-api-key: ${managementKey}\r\n\r\n`

describe('a client that has said that it will send no more', () => {
  it('is answered, and then the connection ends', async () => {
    await using host = await servedHost()

    const answer = await lastWords(connect(portOf(host.url), '127.0.0.1'), health)

    assert.match(answer, /^HTTP\/1\.1 200 OK\r\n/)
    assert.match(answer, /\{"ok":true\}$/)
  })

  it('has every answer, when it has asked for several', async () => {
    await using host = await servedHost()

    const answer = await lastWords(connect(portOf(host.url), '127.0.0.1'), health.repeat(3))

    assert.equal(answer.match(/HTTP\/1\.1 200 OK/g)?.length, 3)
  })

  it('is answered over TLS, too', async () => {
    const tls = makeCertificate()
    await using host = await servedHost({ listeners: [{ tls }] })

    const options = { port: portOf(host.url), host: '127.0.0.1', ca: tls.cert, allowHalfOpen: true }
    const answer = await lastWords(connectTls(options), health)

    assert.match(answer, /^HTTP\/1\.1 200 OK\r\n/)
  })

  it('aborts its dispatch, and is told what came of it', async () => {
    const face: Partial<HostFace> = {
      dispatch: async (_event, _params, { signal }) => {
        assert.ok(signal)
        if (!signal.aborted) await once(signal, 'abort')
        return anOutcome()
      },
    }
    await using host = await servedHost({ face })

    const answer = await lastWords(connect(portOf(host.url), '127.0.0.1'), dispatch)

    assert.match(answer, /^HTTP\/1\.1 200 OK\r\n/)
    assert.match(answer, /"kind":"completed"/)
  })

  it('aborts all the dispatches that it has not waited for', async () => {
    const warnings: Error[] = []
    const warned = (warning: Error): number => warnings.push(warning)
    process.on('warning', warned)
    let aborted = 0
    const face: Partial<HostFace> = {
      dispatch: async (_event, _params, { signal }) => {
        assert.ok(signal)
        if (!signal.aborted) await once(signal, 'abort')
        aborted += 1
        return anOutcome()
      },
    }
    await using host = await servedHost({ face })

    const socket = connect(portOf(host.url), '127.0.0.1')
    socket.write(dispatch.repeat(20))
    const answers = await lastWords(socket, '')
    process.off('warning', warned)

    assert.equal(answers.match(/HTTP\/1\.1 200 OK/g)?.length, 20)
    assert.equal(aborted, 20)
    assert.deepEqual(warnings, [])
  })

  it('is told that half a request is none', async () => {
    await using host = await servedHost()

    const answer = await lastWords(connect(portOf(host.url), '127.0.0.1'), health.slice(0, 20))

    assert.match(answer, /^HTTP\/1\.1 400 /)
  })

  it('does not hold up a host that stops', async () => {
    await using host = await servedHost()
    const socket = connect({ port: portOf(host.url), host: '127.0.0.1', allowHalfOpen: true })
    await once(socket, 'connect')

    socket.end()
    await host.stop()

    assert.equal(await text(socket), '')
  })
})

/** Sends this and the end, and reads until the server ends, too. */
async function lastWords(socket: Socket, request: string): Promise<string> {
  socket.end(request)
  return text(socket)
}

function portOf(url: string): number {
  return Number(new URL(url).port)
}
