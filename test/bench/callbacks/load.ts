// Outside systems: each request answers another callback, signed.
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { signCallback } from '../../../src/callbacks/callback-signature.ts'
import { nowMs } from '../delivery/body.ts'
import { answerCalls } from '../delivery/calls.ts'
import { connections } from '../delivery/contender.ts'
import { exchange } from '../delivery/exchange.ts'
import type { LoadReport } from '../delivery/load.ts'
import { callbackSecret } from './secret.ts'

export interface AnswerCalls {
  /** Completes these callbacks, as fast as that is answered. Rejects at an answer that is not 200. */
  flood(url: string, ids: readonly string[]): Promise<LoadReport>
  /** Completes them one after another, so many a second. Resolves to when each request was sent. */
  stream(url: string, ids: readonly string[], perSecond: number): Promise<readonly number[]>
}

answerCalls<AnswerCalls>({
  async flood(url, ids) {
    // Signed before it counts.
    const requests = ids.map((id) => completion(url, id))
    const times: number[] = []
    const began = nowMs()
    const loops = Array.from({ length: connections }, async () => {
      using open = opened(url)
      for (let bytes = requests.pop(); bytes !== undefined; bytes = requests.pop()) {
        times.push(await exchange(open.socket, bytes, 200))
      }
    })
    await Promise.all(loops)
    const perSecond = (ids.length * 1_000) / (nowMs() - began)
    const sorted = times.toSorted((a, b) => a - b)
    const rank = (share: number): number => sorted[Math.floor((sorted.length - 1) * share)] ?? 0
    return { perSecond, p50Ms: rank(0.5), p99Ms: rank(0.99) }
  },
  async stream(url, ids, perSecond) {
    using open = opened(url)
    const sent: number[] = []
    for (const id of ids) {
      const bytes = completion(url, id)
      sent.push(nowMs())
      await exchange(open.socket, bytes, 200)
      await sleep(1_000 / perSecond)
    }
    return sent
  },
})

function opened(url: string) {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  socket.setNoDelay(true)
  return { socket, [Symbol.dispose]: () => void socket.destroy() }
}

const body = '{"payload":{"approved":true,"by":"ada"}}'

function completion(url: string, id: string): Buffer {
  const signature = signCallback(id, callbackSecret)
  const { host } = new URL(url)
  return Buffer.from(
    `POST /api/callbacks/${id}/complete HTTP/1.1\r\nhost: ${host}\r\ncontent-type: application/json\r\nx-awa-signature: ${signature}\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
  )
}
