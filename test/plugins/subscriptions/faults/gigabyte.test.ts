import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { after, before, describe, it } from 'node:test'
import { opsKey } from '../api.ts'
import { type ApiProcess, apiFolder, runApi } from './host.ts'

const mebibyte = 1024 * 1024
const gigabyte = 1024 * mebibyte

describe('a body of a gigabyte', () => {
  let folder: ReturnType<typeof apiFolder>
  let api: ApiProcess
  before(async () => {
    folder = apiFolder({})
    api = await runApi(folder, { headers: { 'x-internal-api-key': 'key-of-the-management' } })
  })
  after(async () => {
    await api[Symbol.asyncDispose]()
    folder[Symbol.dispose]()
  })

  for (const [name, framing] of [
    ['that says so', `content-length: ${gigabyte}`],
    ['that does not say how long it is', 'transfer-encoding: chunked'],
  ] as const) {
    it(`${name} is 413 early, and takes no memory`, { timeout: 20_000 }, async () => {
      const residentBefore = await resident(api)
      const startedAt = performance.now()

      const { answer, taken } = await stream(api.host.url, framing)

      const seconds = (performance.now() - startedAt) / 1_000
      assert.match(answer, /^HTTP\/1\.1 413 /)
      assert.match(answer, /"code":"payload_too_large"/)
      // What fits into the buffers of two sockets, and no more.
      assert.ok(taken < 64 * mebibyte, `${taken} bytes were taken`)
      const grown = (await resident(api)) - residentBefore
      assert.ok(grown < 64 * mebibyte, `the host has ${grown} bytes more`)
      assert.ok(seconds < 3, `it took ${seconds} s`)
      assert.equal((await api.publish()).status, 200)
    })
  }
})

/** Sends a body as fast as it is taken, to its end or until the server has enough of it. */
async function stream(
  url: string,
  framing: string,
): Promise<{ readonly answer: string; readonly taken: number }> {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  const head = ['host: a', `x-api-key: ${opsKey}`, 'content-type: application/json', framing]
  socket.write(`POST /v1/webhooks/events HTTP/1.1\r\n${head.join('\r\n')}\r\n\r\n`)
  const piece = ' '.repeat(0x10000)
  const whole = Buffer.from(framing.includes('chunked') ? `10000\r\n${piece}\r\n` : piece)
  let left = gigabyte
  const feed = (): void => {
    while (left > 0 && socket.writable) {
      left -= piece.length
      if (!socket.write(whole)) return
    }
  }
  socket.on('drain', feed)
  socket.on('error', () => undefined) // The server hangs up.
  feed()
  const answer = await text(socket).catch(() => '')
  socket.destroy()
  return { answer, taken: socket.bytesWritten - socket.writableLength }
}

/** Bytes of memory that the host's process has. */
async function resident({ host }: ApiProcess): Promise<number> {
  const metrics = await host.get('/metrics')
  const [, bytes] = /^process_resident_memory_bytes (\S+)$/m.exec(metrics.text) ?? []
  assert.ok(bytes !== undefined, metrics.text.slice(0, 500))
  return Number(bytes)
}
