import { createHmac, createSecretKey } from 'node:crypto'
import { Pool } from 'undici'
import { systemClock } from '../../src/clock.ts'
import type { Sender } from '../../src/delivery/sender.ts'
import { createUndiciSender } from '../../src/delivery/senders/undici-sender.ts'
import { startHostileProcess } from '../soak/hostile-process.ts'
import type { Bench, BenchRow } from './bench.ts'

const atOnce = 64
const posts = 3_000
const rounds = 20
const body = Buffer.alloc(1_024, 'x')
const secret = createSecretKey(Buffer.from('a-secret-of-this-benchmark'))
const egress = { default: 'guarded', allow: ['127.0.0.1'], http: true, ports: 'any' } as const

/** What the outbox's sender costs beside the client inside it. */
export const senderBench: Bench = {
  title: 'Sender',
  question: `What do guard, deadline, limits and timings of the outbox's sender cost beyond \`undici\` itself? CPU of a signed POST of 1 KB, ${atOnce} at once, the receiver in a process of its own; the least of ${rounds} alternating rounds of ${posts}.`,
  moreIsBetter: false,
  run,
}

async function run(): Promise<readonly BenchRow[]> {
  await using receiver = await startHostileProcess()
  const url = new URL('/ok', receiver.hostile)
  await using sender = createUndiciSender({
    egress: { ...egress, proxy: null },
    clock: systemClock,
    limits: { connections: atOnce },
  })
  const pool = new Pool(url.origin, { connections: atOnce, headersTimeout: 0, bodyTimeout: 0 })
  let ours = Number.POSITIVE_INFINITY
  let bare = Number.POSITIVE_INFINITY
  for (let round = 0; round < rounds; round += 1) {
    bare = Math.min(bare, await cpuOf(() => postBare(pool, url)))
    ours = Math.min(ours, await cpuOf(() => postWith(sender, url)))
  }
  await pool.destroy()
  return [{ name: 'signed POST', unit: 'µs', ours, peers: { 'undici dispatch': bare } }]
}

/** Microseconds of CPU for each of `posts`. */
async function cpuOf(post: () => Promise<void>): Promise<number> {
  let next = 0
  const before = process.cpuUsage()
  const worker = async (): Promise<void> => {
    while (next++ < posts) await post()
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
  const { user, system } = process.cpuUsage(before)
  return (user + system) / posts
}

function signedHeaders(): Readonly<Record<string, string>> {
  return {
    'content-type': 'application/json',
    'x-signature': createHmac('sha256', secret).update(body).digest('hex'),
  }
}

async function postWith(sender: Sender, url: URL): Promise<void> {
  const headers = signedHeaders()
  const reply = await sender.send({ url, headers, body, timeoutMs: 30_000, replyLimit: 65_536 })
  if (reply.kind !== 'reply') throw new TypeError(reply.message)
}

function postBare(pool: Pool, { pathname: path }: URL): Promise<void> {
  return new Promise((resolve, reject) => {
    pool.dispatch(
      { path, method: 'POST', headers: signedHeaders(), body },
      {
        onRequestStart() {},
        onResponseStart() {},
        onResponseData() {},
        onResponseEnd: () => resolve(),
        onResponseError: (_controller, error) => reject(error),
      },
    )
  })
}
