import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

/** A port of its own that leads to another, until it falls silent: then nothing goes through and nobody is told. */
export interface Relay extends AsyncDisposable {
  readonly port: number
  /** From now on connections stay open, new ones are taken, and nothing comes back: as behind a cable that was pulled. */
  silence(): void
  /** New connections lead there again; those that were silent end. */
  resume(): void
}

export async function relay(target: {
  readonly host: string
  readonly port: number
}): Promise<Relay> {
  const sockets = new Set<Socket>()
  let isSilent = false
  const keep = (socket: Socket): void => {
    sockets.add(socket)
    socket.on('error', () => socket.destroy())
    socket.on('close', () => sockets.delete(socket))
  }
  const server = createServer((client) => {
    keep(client)
    if (isSilent) return
    const upstream = connect(target)
    keep(upstream)
    client.pipe(upstream).pipe(client)
    client.on('close', () => upstream.destroy())
    upstream.on('close', () => client.destroy())
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port of an IP address')

  const endAll = (): void => {
    for (const socket of sockets) socket.destroy()
  }
  return {
    port: address.port,
    silence() {
      isSilent = true
      for (const socket of sockets) socket.unpipe().pause()
    },
    resume() {
      isSilent = false
      endAll()
    },
    async [Symbol.asyncDispose]() {
      endAll()
      server.close()
      await once(server, 'close')
    },
  }
}
