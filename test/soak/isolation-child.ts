// The receivers of many endpoints, in a process of their own: what they spend is not the host's.
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { nowMs } from '../bench/delivery/body.ts'
import type { EndpointKind, IsolationArrivals } from './isolation-process.ts'

interface Arrival {
  readonly id: string
  readonly ageMs: number
}

const arrivals: Readonly<Record<EndpointKind, Arrival[]>> = { healthy: [], hanging: [], behind: [] }
let waiting: { readonly count: number; readonly answer: () => void }[] = []

/** `POST /KIND`: what an endpoint of that kind gets. `GET /COUNT/LAST`: see `IsolationArrivals`, as soon as so many have come to healthy ones. */
const server = createServer((request, response) => {
  if (request.method === 'GET') {
    const [count = 0, last = 0] = (request.url ?? '').split('/').slice(1).map(Number)
    const answer = (): void => void response.end(JSON.stringify(soFar(last)))
    waiting.push({ count, answer })
    answerWaiting()
    return
  }
  const kind = kindOf(request)
  void text(request).then((body) => {
    const ageMs = nowMs() - Number(JSON.parse(body).at)
    arrivals[kind].push({ id: String(request.headers['webhook-id']), ageMs })
    answerWaiting()
    if (kind !== 'hanging') response.writeHead(204).end()
  })
})

server.listen(0, '127.0.0.1', () => {
  // Of a server that listens on TCP.
  const { port } = server.address() as AddressInfo
  process.stdout.write(`http://127.0.0.1:${port}\n`)
})
// Ends with the process that started it.
process.stdin.resume().once('end', () => process.exit())

function kindOf({ url = '' }: IncomingMessage): EndpointKind {
  const kind = url.slice(1)
  if (kind === 'healthy' || kind === 'hanging' || kind === 'behind') return kind
  throw new TypeError(`nobody is at ${url}`)
}

function answerWaiting(): void {
  const ready = waiting.filter(({ count }) => count <= arrivals.healthy.length)
  if (ready.length === 0) return
  waiting = waiting.filter((each) => !ready.includes(each))
  for (const { answer } of ready) answer()
}

function soFar(last: number): IsolationArrivals {
  const { healthy, hanging, behind } = arrivals
  const ages = healthy
    .slice(-last)
    .map(({ ageMs }) => ageMs)
    .sort((a, b) => a - b)
  return {
    healthy: healthy.length,
    distinct: new Set(healthy.map(({ id }) => id)).size,
    p99Ms: ages[Math.floor(ages.length * 0.99)] ?? 0,
    hanging: hanging.length,
    behind: behind.length,
  }
}
