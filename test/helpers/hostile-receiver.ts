import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { Worker } from 'node:worker_threads'
import { brotliCompressSync, constants, deflateSync, gzipSync } from 'node:zlib'
import type { Certificate } from './certificate.ts'

/** A receiver that misbehaves in one way for each path. */
export interface HostileReceiver extends AsyncDisposable {
  readonly url: string
  readonly port: number
  /** `hostile.at('/drip')`: the URL of one misbehaviour. */
  at(path: HostilePath): URL
  /** How often a path was asked. */
  asked(path: HostilePath): number
  /** Connections open right now. */
  readonly open: number
  /** Resolves when no connection is open any more. */
  idle(): Promise<void>
}

export type HostilePath = `/status/${number}` | KnownPath

export interface HostileOptions {
  /** Serve TLS with this certificate, HTTP/1.1 only. */
  readonly certificate?: Certificate
}

type KnownPath =
  | '/ok'
  | '/echo'
  | '/empty'
  | '/gzip'
  | '/brotli'
  | '/deflate'
  | '/gzip-broken'
  | '/gzip-cut-off'
  | '/unknown-encoding'
  | '/close-delimited'
  | '/two-content-types'
  | '/redirect'
  | '/retry-after'
  | '/veto-then-hang'
  | '/hang'
  | '/hang-after-head'
  | '/drip'
  | '/drip-head'
  | '/endless'
  | '/gzip-bomb'
  | '/brotli-bomb'
  | '/header-flood'
  | '/header-many'
  | '/header-huge'
  | '/information-storm'
  | '/information'
  | '/switching'
  | '/not-http'
  | '/bad-chunk'
  | '/bad-length'
  | '/close'
  | '/reset'
  | '/reset-after-head'
  | '/reset-close-delimited'
  | '/cut-off-length'
  | '/cut-off-chunked'
  | '/cut-off-head'
  | '/stalled-body'

type Misbehaviour = (response: ServerResponse, socket: Socket, request: IncomingMessage) => void

const zeros = Buffer.alloc(64 * 1024 * 1024)
/** 64 MiB in 64 KiB. */
const gzipBomb: Buffer = gzipSync(zeros)
/** 64 MiB in 102 bytes; the highest quality, which is usual, takes a second for the same. */
const brotliBomb: Buffer = brotliCompressSync(zeros, {
  params: { [constants.BROTLI_PARAM_QUALITY]: 4 },
})
const json = '{"hello":"wörld"}'

const misbehaviours: Readonly<Record<KnownPath, Misbehaviour>> = {
  '/ok': (response) => {
    response.writeHead(200, { 'content-type': 'application/json' }).end(json)
  },
  '/echo': (response, _socket, request) => {
    response.writeHead(200, { 'content-type': 'application/octet-stream' })
    request.pipe(response)
  },
  '/empty': (response) => {
    response.writeHead(204).end()
  },
  '/gzip': (response) => {
    response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(json))
  },
  '/brotli': (response) => {
    response.writeHead(200, { 'content-encoding': 'br' }).end(brotliCompressSync(json))
  },
  '/deflate': (response) => {
    response.writeHead(200, { 'content-encoding': 'deflate' }).end(deflateSync(json))
  },
  '/gzip-broken': (response) => {
    response.writeHead(200, { 'content-encoding': 'gzip' }).end('this is not gzip')
  },
  '/gzip-cut-off': (response) => {
    const whole = gzipSync(Buffer.from(json.repeat(100)))
    response.writeHead(200, { 'content-encoding': 'gzip' }).end(whole.subarray(0, -12))
  },
  '/unknown-encoding': (response) => {
    response.writeHead(200, { 'content-encoding': 'x-secret' }).end(json)
  },
  '/close-delimited': (_response, socket) => {
    socket.end(`HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n${json}`)
  },
  '/two-content-types': (_response, socket) => {
    const types = 'Content-Type: application/json\r\nContent-Type: text/html\r\n'
    const cookies = 'Set-Cookie: a=1\r\nSet-Cookie: b=2\r\n'
    socket.end(
      `HTTP/1.1 200 OK\r\n${types}${cookies}Connection: close\r\nContent-Length: 2\r\n\r\n{}`,
    )
  },
  '/redirect': (response) => {
    response.writeHead(307, { location: '/ok' }).end()
  },
  '/retry-after': (response) => {
    response.writeHead(503, { 'retry-after': '3600' }).end()
  },
  '/veto-then-hang': (response) => {
    const type = 'application/vnd.carabiner.errors.CancelEventError+json'
    response.writeHead(200, { 'content-type': type, 'content-length': '1000' }).write('{"reason":"')
  },

  '/hang': () => {},
  '/hang-after-head': (response) => {
    response.writeHead(200, { 'content-type': 'application/json' }).flushHeaders()
  },
  '/drip': (response, socket) => {
    response.writeHead(200, { 'content-type': 'application/json' })
    every(100, socket, () => response.write(' '))
  },
  '/drip-head': (_response, socket) => {
    socket.write('HTTP/1.1 200 OK\r\nx-drip: ')
    every(100, socket, () => socket.write('a'))
  },
  '/endless': (response) => {
    response.writeHead(200, { 'content-type': 'application/octet-stream' })
    flood(response, Buffer.alloc(64 * 1024, 'x'))
  },
  '/gzip-bomb': (response) => {
    response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipBomb)
  },
  '/brotli-bomb': (response) => {
    response.writeHead(200, { 'content-encoding': 'br' }).end(brotliBomb)
  },
  '/header-flood': (_response, socket) => {
    socket.write('HTTP/1.1 200 OK\r\n')
    flood(socket, Buffer.from('x-flood: yes\r\n'.repeat(500)))
  },
  '/header-many': (_response, socket) => {
    const headers = Array.from({ length: 900 }, (_, index) => `x-${index}: 1\r\n`).join('')
    socket.write(`HTTP/1.1 200 OK\r\n${headers}Content-Length: 2\r\n\r\n{}`)
  },
  '/header-huge': (_response, socket) => {
    socket.write(`HTTP/1.1 200 OK\r\nx-huge: ${'x'.repeat(300_000)}\r\nContent-Length: 2\r\n\r\n{}`)
  },
  '/information-storm': (_response, socket) => {
    flood(socket, Buffer.from('HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n'.repeat(100)))
  },
  '/information': (_response, socket) => {
    const hints = 'HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n'
    socket.end(`${hints}HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n${json}`)
  },
  '/switching': (_response, socket) => {
    socket.write('HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n')
  },
  '/not-http': (_response, socket) => {
    socket.end('220 mail.example.com ESMTP\r\n')
  },
  '/bad-chunk': (_response, socket) => {
    socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n')
  },
  '/bad-length': (_response, socket) => {
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab')
  },
  '/close': (_response, socket) => {
    socket.end()
  },
  '/reset': (_response, socket) => {
    reset(socket)
  },
  '/reset-after-head': (response, socket) => {
    response.writeHead(200, { 'content-length': '1000' })
    response.write('{"half":', () => reset(socket))
  },
  '/reset-close-delimited': (_response, socket) => {
    socket.write('HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{"half":', () => {
      setTimeout(() => reset(socket), 20)
    })
  },
  '/cut-off-length': (_response, socket) => {
    socket.end('HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{"half":')
  },
  '/cut-off-chunked': (_response, socket) => {
    socket.end('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n8\r\n{"half":\r\n')
  },
  '/cut-off-head': (_response, socket) => {
    socket.end('HTTP/1.1 200 OK\r\nContent-Le')
  },
  '/stalled-body': (_response, socket) => {
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{')
  },
}

export async function startHostile(options: HostileOptions = {}): Promise<HostileReceiver> {
  const sockets = new Set<Socket>()
  const asked = new Map<string, number>()
  let idle: (() => void)[] = []

  const { certificate } = options
  const server =
    certificate === undefined ? createServer(answer) : createTlsServer({ ...certificate }, answer)
  server.on('secureConnection', (socket: Socket) => socket.on('error', ignoreBrokenSocket))
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    carriers.set(`${socket.remotePort}`, socket)
    socket.on('error', ignoreBrokenSocket)
    socket.on('close', () => {
      sockets.delete(socket)
      if (sockets.size > 0) return
      for (const resolve of idle) resolve()
      idle = []
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const url = `${certificate === undefined ? 'http' : 'https'}://127.0.0.1:${port}`

  return {
    url,
    port,
    at: (path) => new URL(path, url),
    asked: (path) => asked.get(path) ?? 0,
    get open() {
      return sockets.size
    },
    idle: () =>
      sockets.size === 0
        ? Promise.resolve()
        : new Promise((resolve) => {
            idle.push(resolve)
          }),
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        for (const socket of sockets) socket.destroy()
      }),
  }

  function answer(request: IncomingMessage, response: ServerResponse): void {
    const path = request.url ?? '/'
    asked.set(path, (asked.get(path) ?? 0) + 1)
    request.on('error', ignoreBrokenSocket)
    response.on('error', ignoreBrokenSocket)
    if (path === '/echo') {
      misbehaviours['/echo'](response, request.socket, request)
      return
    }
    request.resume()
    request.on('end', () => misbehave(path, request, response))
  }
}

function misbehave(path: string, request: IncomingMessage, response: ServerResponse): void {
  const status = /^\/status\/(\d+)$/.exec(path)?.[1]
  if (status !== undefined) {
    response.writeHead(Number(status), { 'content-type': 'text/plain' }).end(`status ${status}`)
    return
  }
  const known: Readonly<Record<string, Misbehaviour>> = misbehaviours
  const behave = known[path]
  if (behave === undefined) response.writeHead(404).end()
  else behave(response, request.socket, request)
}

/** A listener whose backlog is full: a connection to it is never made, not even refused. */
export interface NeverAccepting extends AsyncDisposable {
  readonly url: URL
}

const neverAccept = `
  const { parentPort } = require('node:worker_threads')
  const server = require('node:net').createServer()
  server.listen(0, '127.0.0.1', 1, () => {
    parentPort.postMessage(server.address().port)
    setImmediate(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0))
  })
`

export async function startNeverAccepting(): Promise<NeverAccepting> {
  const worker = new Worker(neverAccept, { eval: true })
  const port = await new Promise<number>((resolve, reject) => {
    worker.once('message', resolve)
    worker.once('error', reject)
  })
  const fillers = Array.from({ length: 16 }, () => connect(port, '127.0.0.1'))
  for (const filler of fillers) filler.on('error', ignoreBrokenSocket)
  await new Promise<void>((resolve) => fillers[0]?.once('connect', () => resolve()))

  return {
    url: new URL(`http://127.0.0.1:${port}/`),
    async [Symbol.asyncDispose]() {
      for (const filler of fillers) filler.destroy()
      await worker.terminate()
    },
  }
}

function every(ms: number, socket: Socket, run: () => void): void {
  const timer = setInterval(run, ms)
  socket.on('close', () => clearInterval(timer))
}

/** TCP connections by the sender's port: a TLS socket can't reset the one it runs over. */
const carriers = new Map<string, Socket>()

function reset(socket: Socket): void {
  carriers.get(`${socket.remotePort}`)?.resetAndDestroy()
}

/** Writes the same bytes for as long as the other side reads. */
function flood(
  stream: NodeJS.WritableStream & { readonly destroyed: boolean },
  bytes: Buffer,
): void {
  const more = (): void => {
    while (!stream.destroyed) {
      if (!stream.write(bytes)) {
        stream.once('drain', more)
        return
      }
    }
  }
  more()
}

/** The sender hung up on us, as it should. */
function ignoreBrokenSocket(): void {}
