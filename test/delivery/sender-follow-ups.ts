import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createSecureServer } from 'node:http2'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { before, describe, it } from 'node:test'
import { gzipSync } from 'node:zlib'
import { type Clock, systemClock } from '../../src/clock.ts'
import type { OutboundRequest, Reply, Sender } from '../../src/delivery/sender.ts'
import type { SenderOptions } from '../../src/delivery/senders/sender-options.ts'
import { type Certificate, makeCertificate } from '../helpers/certificate.ts'
import { FakeClock } from '../helpers/fake-clock.ts'

const egress = { default: 'trusted', allow: [], http: true, ports: 'any', proxy: null } as const

/** What a receiver does with its connection when it answers, once that has carried a few requests. */
const manners: Readonly<Record<string, Answer>> = {
  'keeps it': (socket, body) => socket.write(reply(body)),
  'ends it without a word': (socket, body) => socket.end(reply(body)),
  'resets it': (socket, body) => socket.write(reply(body), () => socket.resetAndDestroy()),
  'says that it closes it': (socket, body) => socket.end(reply(body, 'connection: close')),
  'says that it closes it, and does not': (socket, body) =>
    socket.write(reply(body, 'connection: close')),
  'ends it to say where the body ends': (socket, body) =>
    socket.end(`HTTP/1.1 200 OK\r\n\r\n${body}`),
  'keeps it for no time': (socket, body) => socket.write(reply(body, 'keep-alive: timeout=0')),
  'says something before': (socket, body) =>
    socket.write(`HTTP/1.1 103 Early Hints\r\nlink: </>\r\n\r\n${reply(body)}`),
  'answers what nobody asked': (socket, body) => socket.write(reply(body) + reply('unasked')),
  'ends it in the middle of what nobody asked': (socket, body) =>
    socket.end(`${reply(body)}HTTP/1.1 200 OK\r\ncontent-`),
  'packs the body': (socket, body) => {
    const packed = gzipSync(body)
    const headers = `content-encoding: gzip\r\ncontent-length: ${packed.byteLength}`
    socket.write(Buffer.concat([Buffer.from(`HTTP/1.1 200 OK\r\n${headers}\r\n\r\n`), packed]))
  },
}

/** Requests that are made in the very turn in which a reply came, and may follow it on its connection. */
export function testSenderFollowUps(
  name: string,
  create: (options: SenderOptions) => Sender,
): void {
  describe(`${name}: requests that follow a reply`, () => {
    let certificate: Certificate
    before(() => {
      certificate = makeCertificate()
    })
    const open = (clock: Clock = systemClock): Sender =>
      create({ egress, clock, tls: { ca: certificate.cert } })

    for (const [manner, answer] of Object.entries(manners)) {
      it(`get their own replies from a receiver that ${manner}`, async () => {
        await using receiver = await startReceiver(answer)
        await using sender = open()

        const replies = await Promise.all([
          chain(sender, receiver.url, 'a', 20),
          chain(sender, receiver.url, 'b', 20),
        ])

        assert.deepEqual(replies, [names('a', 20), names('b', 20)])
        assert.deepEqual(
          receiver.answered.toSorted(),
          [...names('a', 20), ...names('b', 20)].toSorted(),
        )
      })
    }

    it('get no reply that is broken by what comes after it, and none of another', async () => {
      await using receiver = await startReceiver((socket, body) =>
        socket.write(`${reply(body)}and more`),
      )
      await using sender = open()

      const replies = await chain(sender, receiver.url, 'a', 20)

      for (const [index, text] of replies.entries())
        assert.match(text, new RegExp(`^(a ${index}|protocol)$`))
      assert.deepEqual(receiver.answered, names('a', 20))
    })

    it('get their own replies over HTTP/2', async () => {
      await using receiver = await startHttp2(certificate)
      await using sender = open()

      assert.deepEqual(await chain(sender, receiver.url, 'a', 20), names('a', 20))
    })

    it('are not sent when they are given up before their turn', async () => {
      await using receiver = await startReceiver(kept)
      await using sender = open()
      const url = receiver.url
      await chain(sender, url, 'first', 3)
      const caller = new AbortController()

      const followed = await afterReply(sender, aRequest(url, 'before'), () => {
        const given = ask(sender, { ...aRequest(url, 'given up'), signal: caller.signal })
        const kept = ask(sender, aRequest(url, 'kept'))
        caller.abort()
        return Promise.all([given, kept])
      })

      assert.deepEqual(followed.map(textOf), ['aborted', 'kept'])
      assert.deepEqual(receiver.answered.slice(-2), ['before', 'kept'])
    })

    it('end at their deadline when it passes before their turn', async () => {
      await using receiver = await startReceiver(kept)
      await using sender = open()
      const url = receiver.url
      await chain(sender, url, 'first', 3)

      const late = await afterReply(sender, aRequest(url, 'before'), () => {
        const late = ask(sender, { ...aRequest(url, 'late'), timeoutMs: 1 })
        const start = performance.now()
        while (performance.now() < start + 5);
        return late
      })

      assert.equal(textOf(late), 'timeout')
      assert.deepEqual(await chain(sender, url, 'next', 3), names('next', 3))
      assert.ok(receiver.answered.filter((body) => body === 'late').length <= 1)
    })

    it('come back at once when the sender is closed before their turn', async () => {
      await using receiver = await startReceiver(kept)
      const sender = open()
      const url = receiver.url
      await chain(sender, url, 'first', 3)

      const [waiting, tooLate] = await afterReply(sender, aRequest(url, 'before'), () => {
        const waiting = ask(sender, aRequest(url, 'waiting'))
        const closed = sender[Symbol.asyncDispose]()
        const tooLate = ask(sender, aRequest(url, 'too late'))
        return Promise.all([waiting, tooLate, closed])
      })

      assert.deepEqual([waiting, tooLate].map(textOf), ['aborted', 'aborted'])
      assert.ok(!receiver.answered.includes('waiting'))
    })

    it('leave the deadlines of others as they are', async () => {
      await using receiver = await startReceiver(() => undefined)
      const clock = new FakeClock()
      await using sender = open(clock)
      const ended: string[] = []
      const begin = (name: string, then?: () => void): void =>
        dispatch(sender, aRequest(receiver.url, name), () => {
          ended.push(name)
          then?.()
        })

      begin('first', () => begin('follows'))
      await clock.advance(2_000)
      begin('second')

      await clock.advance(3_000)
      assert.deepEqual(ended, ['first'])
      await clock.advance(2_000)
      assert.deepEqual(ended, ['first', 'second'])
    })
  })
}

type Answer = (socket: Socket, body: string) => void

const kept: Answer = (socket, body) => socket.write(reply(body))

function reply(body: string, header?: string): string {
  const headers = [`content-length: ${Buffer.byteLength(body)}`, ...(header ? [header] : [])]
  return ['HTTP/1.1 200 OK', ...headers, '', body].join('\r\n')
}

function names(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${prefix} ${index}`)
}

/** What came back for each of some requests, each made in the turn in which the one before was answered. */
function chain(sender: Sender, url: URL, prefix: string, count: number): Promise<string[]> {
  const texts: string[] = []
  return new Promise((resolve) => {
    const next = (): void =>
      dispatch(sender, aRequest(url, `${prefix} ${texts.length}`), (answer) => {
        texts.push(textOf(answer))
        if (texts.length === count) resolve(texts)
        else next()
      })
    next()
  })
}

/** What `follow` comes to, called in the turn of the reply. */
function afterReply<T>(
  sender: Sender,
  request: OutboundRequest,
  follow: () => Promise<T>,
): Promise<T> {
  return new Promise((resolve) => dispatch(sender, request, () => resolve(follow())))
}

function ask(sender: Sender, request: OutboundRequest): Promise<Reply> {
  return new Promise((resolve) => dispatch(sender, request, resolve))
}

function dispatch(sender: Sender, request: OutboundRequest, replied: (reply: Reply) => void): void {
  if (sender.dispatch === undefined) void sender.send(request).then(replied)
  else sender.dispatch(request, replied)
}

function aRequest(url: URL, body: string): OutboundRequest {
  return { url, headers: {}, body: Buffer.from(body), timeoutMs: 5_000, replyLimit: 1_024 }
}

function textOf(answer: Reply): string {
  return answer.kind === 'reply' ? Buffer.from(answer.body).toString() : answer.error
}

interface TestReceiver extends AsyncDisposable {
  readonly url: URL
}

interface RawReceiver extends TestReceiver {
  /** The bodies that were answered, in order. */
  readonly answered: readonly string[]
}

/** @param answer - to what comes after the first two requests of a connection */
async function startReceiver(answer: Answer): Promise<RawReceiver> {
  const answered: string[] = []
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy())
    let count = 0
    eachBody(socket, (body) => {
      if (socket.writableEnded) return
      count += 1
      answered.push(body)
      if (count > 2) answer(socket, body)
      else kept(socket, body)
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  // A server that listens on a port.
  const { port } = server.address() as AddressInfo
  return {
    url: new URL(`http://127.0.0.1:${port}`),
    answered,
    async [Symbol.asyncDispose]() {
      server.close()
      await once(server, 'close')
    },
  }
}

function eachBody(socket: Socket, take: (body: string) => void): void {
  let text = ''
  socket.on('data', (chunk) => {
    text += chunk.toString('latin1')
    for (;;) {
      const head = text.indexOf('\r\n\r\n') + 4
      const end = head + Number(/content-length: (\d+)/i.exec(text)?.[1])
      if (head < 4 || !(text.length >= end)) return
      const body = text.slice(head, end)
      text = text.slice(end)
      take(body)
    }
  })
}

async function startHttp2(certificate: Certificate): Promise<TestReceiver> {
  const server = createSecureServer({ ...certificate }).listen(0, '127.0.0.1')
  server.on('stream', (stream) => {
    stream.respond({ ':status': 200 })
    stream.pipe(stream)
  })
  await once(server, 'listening')
  // A server that listens on a port.
  const { port } = server.address() as AddressInfo
  return {
    url: new URL(`https://localhost:${port}`),
    async [Symbol.asyncDispose]() {
      server.close()
      await once(server, 'close')
    },
  }
}
