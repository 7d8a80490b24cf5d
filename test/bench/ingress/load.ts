// Providers: each request is another webhook of acme, signed as acme signs.
import { createHmac, createSecretKey } from 'node:crypto'
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { makeBody, nowMs } from '../delivery/body.ts'
import { answerCalls } from '../delivery/calls.ts'
import { connections } from '../delivery/contender.ts'
import { exchange } from '../delivery/exchange.ts'
import type { LoadReport } from '../delivery/load.ts'
import { acmeSecret } from './acme.ts'

export interface ProviderCalls {
  /** Posts so many webhooks, as fast as they are answered. Rejects at an answer that is not 202. */
  flood(url: string, count: number): Promise<LoadReport>
  /** Posts so many webhooks, so many a second, whether those before are answered or not. */
  stream(url: string, count: number, perSecond: number): Promise<LoadReport>
}

const key = createSecretKey(acmeSecret, 'utf8')
const data = makeBody()
let made = 0

answerCalls<ProviderCalls>({
  async flood(url, count) {
    const times = new Float64Array(count)
    let asked = 0
    const began = nowMs()
    const loops = Array.from({ length: connections }, async () => {
      using socket = open(url)
      while (asked < count) {
        const at = asked
        asked += 1
        times[at] = await exchange(socket.socket, webhook(url), 202)
      }
    })
    await Promise.all(loops)
    return reportOf(times, nowMs() - began)
  },
  async stream(url, count, perSecond) {
    const times = new Float64Array(count)
    const free: Opened[] = []
    const began = nowMs()
    const posted: Promise<void>[] = []
    for (let at = 0; at < count; at += 1) {
      const due = began + (at * 1_000) / perSecond
      while (nowMs() < due) await sleep(Math.max(0, due - nowMs()))
      const socket = free.pop() ?? open(url)
      posted.push(
        exchange(socket.socket, webhook(url), 202).then((ms) => {
          times[at] = ms
          free.push(socket)
        }),
      )
    }
    await Promise.all(posted)
    for (const socket of free) socket[Symbol.dispose]()
    return reportOf(times, nowMs() - began)
  },
})

interface Opened extends Disposable {
  readonly socket: Socket
}

function open(url: string): Opened {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  socket.setNoDelay(true)
  return { socket, [Symbol.dispose]: () => socket.destroy() }
}

function webhook(url: string): Buffer {
  made += 1
  const body = `{"eventId":"evt-${process.pid}-${made}","eventType":"order.placed","occurredAt":"2026-01-05T09:30:00Z","subject":"order-${made}","data":${data}}`
  const signature = createHmac('sha256', key).update(body).digest('hex')
  const { host, pathname } = new URL(url)
  return Buffer.from(
    `POST ${pathname} HTTP/1.1\r\nhost: ${host}\r\nuser-agent: acme-webhooks/1.0\r\naccept: */*\r\ncontent-type: application/json\r\nx-acme-signature: ${signature}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  )
}

function reportOf(times: Float64Array, tookMs: number): LoadReport {
  const sorted = times.toSorted()
  const rank = (share: number): number => sorted[Math.floor((times.length - 1) * share)] ?? 0
  return { perSecond: (times.length * 1_000) / tookMs, p50Ms: rank(0.5), p99Ms: rank(0.99) }
}
