// The load on a host: as many connections as the receiver has, each asking again once it is answered.
import { connect } from 'node:net'
import { nowMs } from './body.ts'
import { answerCalls } from './calls.ts'
import { connections } from './contender.ts'
import { exchange } from './exchange.ts'

export interface LoadRequest {
  /** @defaultValue POST */
  readonly method?: 'GET' | 'POST'
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

export interface LoadReport {
  readonly perSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
}

export interface LoadCalls {
  /** Makes `count` requests. Rejects at an answer that is not 200. */
  post(request: LoadRequest, count: number): Promise<LoadReport>
}

answerCalls<LoadCalls>({
  async post(request, count) {
    const { hostname, port } = new URL(request.url)
    const bytes = bytesOf(request)
    const times = new Float64Array(count)
    let asked = 0
    const began = nowMs()
    const loops = Array.from({ length: connections }, async () => {
      const socket = connect(Number(port), hostname)
      socket.setNoDelay(true)
      while (asked < count) {
        const at = asked
        asked += 1
        times[at] = await exchange(socket, bytes, 200)
      }
      socket.destroy()
    })
    await Promise.all(loops)
    const perSecond = (count * 1_000) / (nowMs() - began)
    const sorted = times.toSorted()
    const rank = (share: number): number => sorted[Math.floor((count - 1) * share)] ?? 0
    return { perSecond, p50Ms: rank(0.5), p99Ms: rank(0.99) }
  },
})

function bytesOf({ method = 'POST', url, headers, body }: LoadRequest): Buffer {
  const { host, pathname, search } = new URL(url)
  const lines = Object.entries({
    host,
    'content-type': 'application/json',
    'content-length': String(Buffer.byteLength(body)),
    ...headers,
  }).map(([name, value]) => `${name}: ${value}\r\n`)
  return Buffer.from(`${method} ${pathname}${search} HTTP/1.1\r\n${lines.join('')}\r\n${body}`)
}
