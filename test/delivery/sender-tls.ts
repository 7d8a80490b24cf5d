import assert from 'node:assert/strict'
import { createSecureServer } from 'node:http2'
import { createServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { after, before, describe, it } from 'node:test'
import { type Server, TLSSocket } from 'node:tls'
import { systemClock } from '../../src/clock.ts'
import type { EndpointTls } from '../../src/delivery/endpoint-tls.ts'
import type { Reply, Sender } from '../../src/delivery/sender.ts'
import type { SenderOptions } from '../../src/delivery/senders/sender-options.ts'
import {
  type Authority,
  type Certificate,
  makeAuthority,
  makeCertificate,
} from '../helpers/certificate.ts'

const egress = { default: 'trusted', allow: [], http: true, ports: 'any', proxy: null } as const

/** Client certificates, with receivers that demand one. */
export function testSenderTls(name: string, create: (options: SenderOptions) => Sender): void {
  for (const protocol of ['HTTP/1.1', 'HTTP/2'] as const) {
    describe(`${name}: client certificates over ${protocol}`, () => {
      testIdentities(() => create({ egress, clock: systemClock }), protocol)
    })
  }

  it(`${name}: TLS that breaks within a reply cuts it off`, async () => {
    const certificate = makeCertificate()
    await using server = await startBreaking(certificate)
    await using sender = create({ egress, clock: systemClock })

    const reply = await post(sender, server.url, { ca: certificate.cert })

    assert.ok(reply.kind === 'no-reply')
    assert.deepEqual([reply.error, reply.head?.status], ['cut-off', 200])
    assert.match(reply.message, /before the reply was complete \(ERR_SSL_\w+\)$/)
  })
}

function testIdentities(open: () => Sender, protocol: 'HTTP/1.1' | 'HTTP/2'): void {
  let authority: Authority
  let server: DemandingReceiver
  let sender: Sender
  let alice: EndpointTls
  let bob: EndpointTls
  before(async () => {
    authority = makeAuthority()
    server = await startDemanding(authority, protocol)
    sender = open()
    alice = { ca: authority.cert, ...authority.issue('alice') }
    bob = { ca: authority.cert, ...authority.issue('bob') }
  })
  after(async () => {
    await sender[Symbol.asyncDispose]()
    await server[Symbol.asyncDispose]()
  })

  it('shows the certificate that is asked for', async () => {
    assert.equal(textOf(await post(sender, server.url, alice)), 'alice')
  })

  it('is refused without one, and says so', async () => {
    const reply = await post(sender, server.url, { ca: authority.cert })

    assert.match(
      textOf(reply),
      /^no connection to localhost:\d+ \(ERR_SSL_\w+CERTIFICATE_REQUIRED\)$/,
    )
    assert.equal(reply.kind === 'no-reply' && reply.error, 'connect')
  })

  it('is refused with the certificate of an authority the receiver does not know', async () => {
    const stranger = makeAuthority().issue('alice')

    const reply = await post(sender, server.url, { ca: authority.cert, ...stranger })

    assert.equal(reply.kind, 'no-reply')
  })

  it('never uses the connection of another identity', async () => {
    const connections = server.connections
    const identities = Array.from({ length: 40 }, (_, index) => (index % 2 === 0 ? alice : bob))

    const replies = await Promise.all(identities.map((tls) => post(sender, server.url, tls)))
    for (const tls of identities) replies.push(await post(sender, server.url, tls))

    const expected = [...identities, ...identities].map((tls) => (tls === alice ? 'alice' : 'bob'))
    assert.deepEqual(replies.map(textOf), expected)
    assert.ok(server.connections > connections)
    assert.equal((await post(sender, server.url, { ca: authority.cert })).kind, 'no-reply')
  })

  it('shares the connection of another endpoint that says the same', async () => {
    await post(sender, server.url, alice)
    const connections = server.connections

    const replies = [await post(sender, server.url, { ...alice })]

    assert.deepEqual(replies.map(textOf), ['alice'])
    assert.equal(server.connections, connections)
  })

  it('opens an encrypted key', async () => {
    const tls = { ca: authority.cert, ...authority.issue('carol', 'open sesame') }

    const opened = await post(sender, server.url, { ...tls, passphrase: 'open sesame' })
    const locked = await post(sender, server.url, { ...tls, passphrase: 'wrong' })

    assert.equal(textOf(opened), 'carol')
    assert.equal(locked.kind === 'no-reply' && locked.error, 'connect')
  })

  it('trusts only the authorities it is given', async () => {
    const reply = await post(sender, server.url, { ...alice, ca: makeCertificate().cert })

    assert.match(textOf(reply), /^no connection to localhost:\d+ \(SELF_SIGNED_CERT_IN_CHAIN\)$/)
    assert.equal(reply.kind === 'no-reply' && reply.error, 'connect')
  })

  it('asks for the name it is told, and holds the certificate to it', async () => {
    const byAddress = server.url.replace('localhost', '127.0.0.1')

    const named = await post(sender, byAddress, { ...alice, serverName: 'localhost' })
    const unnamed = await post(sender, byAddress, alice)
    const misnamed = await post(sender, server.url, { ...alice, serverName: 'other.test' })

    assert.equal(textOf(named), 'alice')
    assert.equal(server.asked.at(-1), 'other.test')
    for (const reply of [unnamed, misnamed])
      assert.match(textOf(reply), /ERR_TLS_CERT_ALTNAME_INVALID/)
  })
}

interface DemandingReceiver extends AsyncDisposable {
  readonly url: string
  readonly connections: number
  /** The names of SNI, in order. */
  readonly asked: readonly string[]
}

/** Answers with the name in the client's certificate, and lets nobody in without one. */
async function startDemanding(
  authority: Authority,
  protocol: 'HTTP/1.1' | 'HTTP/2',
): Promise<DemandingReceiver> {
  const open = new Set<Socket>()
  const asked: string[] = []
  let connections = 0
  const options = {
    ...authority.issue('localhost'),
    ca: authority.cert,
    requestCert: true,
    rejectUnauthorized: true,
    SNICallback: (name: string, done: (error: null) => void) => {
      asked.push(name)
      done(null)
    },
  }
  const server: Server =
    protocol === 'HTTP/2'
      ? createSecureServer(options, (request, response) => {
          response.end(nameOf(request.stream.session?.socket))
        })
      : createServer(options, (request, response) => response.end(nameOf(request.socket)))
  server.on('secureConnection', (socket: TLSSocket) => {
    connections += 1
    open.add(socket)
    socket.on('error', () => socket.destroy())
    socket.on('close', () => open.delete(socket))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `https://localhost:${port}/`,
    asked,
    get connections() {
      return connections
    },
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        for (const each of open) each.destroy()
      }),
  }
}

/** Begins a reply, and goes on with what is no TLS. */
async function startBreaking(certificate: Certificate): Promise<AsyncDisposable & { url: string }> {
  const open = new Set<Socket>()
  const server = createServer(certificate, (_request, response) => {
    response.writeHead(200, { 'content-length': 100 })
    response.write('begun', () => {
      for (const each of open) each.write('no TLS at all')
    })
  })
  // Each below TLS.
  server.on('connection', (socket: Socket) => {
    open.add(socket)
    socket.on('error', () => socket.destroy())
  })
  server.on('secureConnection', (socket: TLSSocket) => socket.on('error', () => socket.destroy()))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `https://localhost:${port}/`,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        for (const each of open) each.destroy()
      }),
  }
}

/** Whose certificate the client has shown. */
function nameOf(socket: Socket | undefined): string {
  // The socket of a session is a proxy of one: `instanceof` sees through it.
  return socket instanceof TLSSocket ? String(socket.getPeerCertificate().subject.CN) : 'nobody'
}

function post(sender: Sender, url: string, tls: EndpointTls): Promise<Reply> {
  return sender.send({
    url: new URL(url),
    tls,
    headers: { 'content-type': 'application/json' },
    body: Buffer.from('{}'),
    timeoutMs: 1_500,
    replyLimit: 1024,
  })
}

function textOf(reply: Reply): string {
  return reply.kind === 'reply' ? Buffer.from(reply.body).toString() : reply.message
}
