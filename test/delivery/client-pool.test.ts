import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer as createHttpServer } from 'node:http'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { describe, it } from 'node:test'
import type { Reply, Sender } from '../../src/delivery/sender.ts'
import { createUndiciSender } from '../../src/delivery/senders/undici-sender.ts'
import { FakeClock } from '../helpers/fake-clock.ts'
import { receiver } from '../helpers/receiver.ts'

const burst = 200
const egress = {
  default: 'trusted',
  allow: [],
  http: true,
  ports: 'any',
  proxy: null,
} as const

describe('connections to one origin', () => {
  it('are few when many requests come at once and are answered', async () => {
    await using quick = await receiver()
    await using sender = createUndiciSender({ egress, clock: new FakeClock() })

    const replies = await Promise.all(send(sender, quick.url, burst))

    assert.ok(replies.every(({ kind }) => kind === 'reply'))
    assert.equal(quick.connections, 64)
  })

  it('are more after each moment in which nothing was answered', async () => {
    const hanging = new Hanging()
    await using slow = await receiver({ answers: [() => hanging.wait()] })
    const clock = new FakeClock()
    await using sender = createUndiciSender({ egress, clock })
    const replies = send(sender, slow.url, burst)

    for (const reached of [64, 128, 192, burst]) {
      await hanging.reaches(reached)
      assert.equal(slow.connections, reached)
      await clock.advance(40)
    }

    hanging.end()
    await Promise.all(replies)
  })

  it('carry one request after another, each made when the one before is answered', async () => {
    await using quick = await countingConnections()
    await using sender = createUndiciSender({ egress, clock: new FakeClock() })

    const replies = await chain(sender, quick.url, 20)

    assert.deepEqual(replies, Array(20).fill('reply'))
    // The first one is used again when it has stayed open for a moment; until then there is another.
    assert.deepEqual([...quick.carried.values()], [19, 1])
  })

  it('are made anew, and nothing is sent twice, where the receiver ends each after its reply without a word', async () => {
    await using curt = await endingConnections()
    await using sender = createUndiciSender({ egress, clock: new FakeClock() })

    const replies = await chain(sender, curt.url, 20)

    assert.deepEqual(replies, Array(20).fill('reply'))
    assert.equal(curt.requests, 20)
  })

  it('are left to others by a request that is given up before its turn', async () => {
    const hanging = new Hanging()
    await using slow = await receiver({ answers: [() => hanging.wait()] })
    const clock = new FakeClock()
    await using sender = createUndiciSender({ egress, clock })
    const givenUp = new AbortController()
    const first = send(sender, slow.url, 64)
    const second = send(sender, slow.url, 64, givenUp.signal)
    const third = send(sender, slow.url, 1)
    await hanging.reaches(64)

    givenUp.abort()
    hanging.end()
    await Promise.all([...first, ...third])

    assert.ok((await Promise.all(second)).every(({ kind }) => kind === 'no-reply'))
    assert.equal(slow.received.length, 65)
  })
})

/** Makes each request in the turn in which the one before was answered. */
function chain(sender: Sender, url: string, count: number): Promise<Reply['kind'][]> {
  assert.ok(sender.dispatch)
  const dispatch = sender.dispatch.bind(sender)
  const request = { url: new URL(url), headers: {}, timeoutMs: 10_000, replyLimit: 1_024 }
  const kinds: Reply['kind'][] = []
  return new Promise((resolve) => {
    const next = (): void =>
      dispatch({ ...request, body: Buffer.from('{}') }, ({ kind }) => {
        kinds.push(kind)
        if (kinds.length === count) resolve(kinds)
        else next()
      })
    next()
  })
}

/** Answers, and counts what each connection has carried. */
async function countingConnections() {
  const carried = new Map<Socket, number>()
  const server = createHttpServer((request, response) => {
    carried.set(request.socket, (carried.get(request.socket) ?? 0) + 1)
    request.resume().on('end', () => response.end())
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  // A server that listens on a port.
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    carried,
    async [Symbol.asyncDispose]() {
      server.close()
      await once(server, 'close')
    },
  }
}

/** Answers as if connections were kept, and ends each. */
async function endingConnections() {
  let requests = 0
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy())
    socket.on('data', () => {
      requests += 1
      socket.end('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n')
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  // A server that listens on a port.
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    get requests() {
      return requests
    },
    async [Symbol.asyncDispose]() {
      server.close()
      await once(server, 'close')
    },
  }
}

function send(sender: Sender, url: string, count: number, signal?: AbortSignal): Promise<Reply>[] {
  return Array.from({ length: count }, () =>
    sender.send({
      url: new URL(url),
      headers: {},
      body: Buffer.from('{}'),
      timeoutMs: 10_000,
      replyLimit: 1_024,
      ...(signal && { signal }),
    }),
  )
}

/** Requests that are not answered until all are. */
class Hanging {
  readonly #end = Promise.withResolvers<number>()
  #count = 0
  #reached: (() => void) | undefined

  wait(): Promise<number> {
    this.#count += 1
    this.#reached?.()
    return this.#end.promise
  }

  async reaches(count: number): Promise<void> {
    while (this.#count < count) {
      await new Promise<void>((resolve) => {
        this.#reached = resolve
      })
    }
    assert.equal(this.#count, count)
  }

  end(): void {
    this.#end.resolve(200)
  }
}
