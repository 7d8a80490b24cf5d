import type { AddressInfo } from 'node:net'
import { connect, createServer, type Socket } from 'node:net'

/** A real HTTP proxy for CONNECT on 127.0.0.1. */
export interface ConnectProxy extends AsyncDisposable {
  readonly port: number
  /** The headers of every CONNECT so far, first line first. */
  readonly asked: readonly string[]
  /** Authorities that were asked for: `example.com:443`. */
  readonly authorities: readonly string[]
  readonly connections: number
}

export interface ProxyOptions {
  /** Where every tunnel really ends. @defaultValue where it was asked to */
  readonly leadsTo?: { readonly port: number }
  /** Says this instead of connecting; '' says nothing. */
  readonly answers?: string
  /** What it says when the tunnel stands. */
  readonly greeting?: string
  /** Ends the connection when it is asked. */
  readonly hangsUp?: boolean
}

export async function startProxy(options: ProxyOptions = {}): Promise<ConnectProxy> {
  const asked: string[] = []
  const sockets = new Set<Socket>()
  let connections = 0
  const keep = (socket: Socket): void => {
    sockets.add(socket)
    socket.on('error', () => socket.destroy())
    socket.on('close', () => sockets.delete(socket))
  }
  const server = createServer((client) => {
    connections += 1
    keep(client)
    let head = ''
    const read = (chunk: Buffer): void => {
      head += chunk.toString('latin1')
      if (!head.includes('\r\n\r\n')) return
      client.off('data', read)
      asked.push(head)
      answer(client, authorityOf(head))
    }
    client.on('data', read)
  })
  const answer = (client: Socket, authority: string): void => {
    if (options.hangsUp === true) client.destroy()
    else if (options.answers !== undefined) client.write(options.answers)
    else {
      const port = options.leadsTo?.port ?? Number(authority.split(':').at(-1))
      const target = connect(port, '127.0.0.1', () => {
        client.write(options.greeting ?? 'HTTP/1.1 200 Connection established\r\nvia: test\r\n\r\n')
        client.pipe(target).pipe(client)
      })
      keep(target)
      client.on('close', () => target.destroy())
      target.on('close', () => client.destroy())
    }
  }
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo

  return {
    port,
    asked,
    get authorities() {
      return asked.map(authorityOf)
    },
    get connections() {
      return connections
    },
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        for (const socket of sockets) socket.destroy()
      }),
  }
}

function authorityOf(head: string): string {
  return head.split(' ')[1] ?? ''
}
