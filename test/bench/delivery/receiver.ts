// The receiver: answers 200 to every POST, counts them and notes how old they are. It reads only as much HTTP as it must.
import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { madeAt, nowMs } from './body.ts'
import { answerCalls } from './calls.ts'

/** What arrived since `expect`. */
export interface Arrivals {
  readonly count: number
  /** From the first to the last, in milliseconds. */
  readonly spanMs: number
  /** Milliseconds from the making of a body to its arrival. */
  readonly p50Ms: number
  readonly p99Ms: number
  /** Processor time of the receiver as a share of `spanMs`: near 1 it is what limits. */
  readonly busy: number
}

export interface ReceiverCalls {
  url(): string
  expect(count: number): void
  /** Resolves when as many have arrived as are expected. */
  arrivals(withinMs: number): Promise<Arrivals>
  /** How many have arrived, expected or not. */
  seen(): number
}

class Tally {
  readonly #ages: Float64Array
  readonly #cpu = process.cpuUsage()
  readonly #complete = Promise.withResolvers<void>()
  count = 0
  #firstAt = 0
  #lastAt = 0
  #busyMs = 0

  constructor(expected: number) {
    this.#ages = new Float64Array(expected)
  }

  add(madeAtMs: number): void {
    const now = nowMs()
    if (this.count === 0) this.#firstAt = now
    if (this.count < this.#ages.length) this.#ages[this.count] = now - madeAtMs
    this.count += 1
    if (this.count !== this.#ages.length) return
    this.#lastAt = now
    const { user, system } = process.cpuUsage(this.#cpu)
    this.#busyMs = (user + system) / 1_000
    this.#complete.resolve()
  }

  async arrivals(withinMs: number): Promise<Arrivals> {
    const late = setTimeout(() => {
      const { length } = this.#ages
      this.#complete.reject(
        new Error(`${this.count} of ${length} arrived within ${withinMs / 1_000} s`),
      )
    }, withinMs)
    await this.#complete.promise.finally(() => clearTimeout(late))
    const ages = this.#ages.toSorted()
    const spanMs = this.#lastAt - this.#firstAt
    const rank = (share: number): number => ages[Math.floor((ages.length - 1) * share)] ?? 0
    return {
      count: this.count,
      spanMs,
      p50Ms: rank(0.5),
      p99Ms: rank(0.99),
      busy: this.#busyMs / spanMs,
    }
  }
}

let tally = new Tally(0)
const endOfHead = '\r\n\r\n'
const lengthHeader = 'content-length: '
const reply = Buffer.from('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n')

/** Takes one request after another off a connection: nobody pipelines here, but a request may come in pieces. */
function receive(socket: Socket): void {
  let kept: Buffer | undefined
  socket.setNoDelay(true)
  socket.on('error', () => socket.destroy()) // a contender that ends resets what it no longer needs
  socket.on('data', (chunk) => {
    const bytes = kept === undefined ? chunk : Buffer.concat([kept, chunk])
    const bodyAt = bytes.indexOf(endOfHead) + endOfHead.length
    if (bodyAt < endOfHead.length || bytes.length < bodyAt + bodyLength(bytes)) {
      kept = bytes
      return
    }
    kept = undefined
    tally.add(madeAt(bytes, bodyAt))
    socket.write(reply)
  })
}

function bodyLength(bytes: Buffer): number {
  const at = bytes.indexOf(lengthHeader)
  const length = Number.parseInt(bytes.toString('latin1', at + lengthHeader.length, at + 32), 10)
  if (at < 0 || Number.isNaN(length)) throw new Error('a request without a content-length')
  return length
}

const server = createServer(receive).listen(0, '127.0.0.1')
await once(server, 'listening')
const address = server.address()
if (address === null || typeof address === 'string') throw new Error('no port of an IP address')
const { port } = address

answerCalls<ReceiverCalls>({
  url: () => `http://127.0.0.1:${port}/hook`,
  expect(count) {
    tally = new Tally(count)
  },
  arrivals: (withinMs) => tally.arrivals(withinMs),
  seen: () => tally.count,
})
