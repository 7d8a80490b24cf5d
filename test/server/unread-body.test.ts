import assert from 'node:assert/strict'
import { once } from 'node:events'
import { request as httpRequest } from 'node:http'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { describe, it } from 'node:test'
import { RouteError } from '../../src/connector/route-answer.ts'
import { rawExchange, request, servedHost } from '../helpers/served-host.ts'
import { aRoute } from '../helpers/served-route.ts'

const mebibyte = 1024 * 1024
const locked = aRoute({
  method: 'POST',
  admit() {
    throw new RouteError({ status: 401, code: 'UNAUTHORIZED', message: 'no key' })
  },
  handle: () => assert.fail('called'),
})
const open = aRoute({ method: 'POST', path: '/v1/open', handle: ({ bytes }) => bytes.length })

/** Uploads without end until the server has enough of it. */
async function upload(
  url: string,
  path: string,
  framing: string,
): Promise<{ readonly answer: string; readonly taken: number }> {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  const head = ['host: a', 'content-type: application/json', framing]
  socket.write(`POST ${path} HTTP/1.1\r\n${head.join('\r\n')}\r\n\r\n`)
  const isChunked = framing.startsWith('transfer-encoding')
  const piece = 'x'.repeat(0x10000)
  const whole = Buffer.from(isChunked ? `10000\r\n${piece}\r\n` : piece)
  const feed = (): void => {
    while (socket.writable && socket.write(whole));
  }
  socket.on('drain', feed)
  socket.on('error', () => undefined) // The server hangs up.
  feed()
  const answer = await text(socket).catch(() => '')
  socket.destroy()
  return { answer, taken: socket.bytesWritten - socket.writableLength }
}

describe('a body that nobody will use', () => {
  for (const [name, path, framing, status] of [
    ['of a caller that is not let in', '/v1/things', 'content-length: 1073741824', 401],
    ['of such a caller, in chunks', '/v1/things', 'transfer-encoding: chunked', 401],
    ['that says it is too long', '/v1/open', 'content-length: 1073741824', 413],
    ['that turns out to be too long', '/v1/open', 'transfer-encoding: chunked', 413],
    ['of an unknown path', '/nowhere', 'content-length: 1073741824', 404],
    ['of a method that the path does not have', '/health', 'content-length: 1073741824', 405],
  ] as const) {
    it(`${name} is not read: the caller is answered and cut off`, async () => {
      await using host = await servedHost({ routes: [locked, open] })

      const { answer, taken } = await upload(host.url, path, framing)

      assert.match(answer, new RegExp(`^HTTP/1\\.1 ${status} `))
      assert.match(answer, /\r\nconnection: close\r\n/i)
      // What fits into the buffers of two sockets, and no more.
      assert.ok(taken < 64 * mebibyte, `${taken} bytes were taken`)
    })
  }

  it('is not asked for when the caller waits to be told to send it', async () => {
    await using host = await servedHost({ routes: [locked, open] })
    const post = async (path: string, length: number) => {
      const headers = {
        expect: '100-continue',
        'content-type': 'application/json',
        'content-length': length,
      }
      const asking = httpRequest(`${host.url}${path}`, { method: 'POST', headers })
      let asked = false
      asking.on('continue', () => {
        asked = true
        asking.end('7'.repeat(length))
      })
      asking.flushHeaders()
      const [answered] = await once(asking, 'response')
      answered.resume()
      asking.destroy()
      return [answered.statusCode, asked]
    }

    assert.deepEqual(await post('/v1/things', 9), [401, false])
    assert.deepEqual(await post('/v1/open', 1024 * mebibyte), [413, false])
    assert.deepEqual(await post('/v1/open', 9), [200, true])
  })

  it('is read though the caller expects what nobody knows: its answer has the form of any other', async () => {
    await using host = await servedHost({ routes: [open] })
    const headers = { expect: 'a miracle', 'content-type': 'text/plain', 'content-length': 2 }
    const asking = httpRequest(`${host.url}/v1/open`, { method: 'POST', headers })
    asking.end('{}')

    const [answered] = await once(asking, 'response')

    assert.equal(answered.statusCode, 415)
    assert.match(await text(answered), /"code":"UNSUPPORTED_MEDIA_TYPE"/)
  })

  it('is no error of the host when it is cut off, or has no end that can be read', async () => {
    await using host = await servedHost({ routes: [open] })
    const head = 'POST /v1/open HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n'

    const { hostname, port } = new URL(host.url)
    const gone = connect(Number(port), hostname)
    gone.write(`${head}content-length: 10\r\n\r\n123`)
    gone.end()
    await text(gone)
    const answer = await rawExchange(host.url, `${head}transfer-encoding: chunked\r\n\r\nzz\r\n`)
    await host.stop()

    assert.match(answer, /^HTTP\/1\.1 400 /)
    assert.deepEqual(
      host.log.filter(({ level }) => level === 'error'),
      [],
    )
  })

  it('leaves the connection to the next request when it was read', async () => {
    await using host = await servedHost({ routes: [open] })
    const post = (body: string, type: string) =>
      request(`${host.url}/v1/open`, { method: 'POST', headers: { 'content-type': type }, body })

    const answered = [await post('{', 'application/json'), await post('x', 'text/plain')]

    assert.deepEqual(
      answered.map(({ status, headers }) => [status, headers.get('connection')]),
      [
        [400, 'keep-alive'],
        [415, 'keep-alive'],
      ],
    )
  })
})
