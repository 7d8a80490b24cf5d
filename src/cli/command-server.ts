import { isIP } from 'node:net'
import type { ListenerConfig, ServerConfig } from '../assembly/host-config.ts'
import type { CommandServer } from '../connector/command.ts'

/** Where the hosts of an assembly are reached, as somebody on the same machine would write it. */
export function commandServer({
  publicUrl,
  listeners,
}: Pick<ServerConfig, 'publicUrl' | 'listeners'>): CommandServer {
  return {
    publicUrl,
    listeners: listeners.map((each) => ({ url: urlOf(each), serve: each.serve })),
  }
}

function urlOf({ host, port, tls }: ListenerConfig): string {
  const reached = hereFor.get(host) ?? host
  const written = isIP(reached) === 6 ? `[${reached}]` : reached
  return `${tls === undefined ? 'http' : 'https'}://${written}:${port}`
}

/** Addresses that stand for every one of this machine. */
const hereFor: ReadonlyMap<string, string> = new Map([
  ['0.0.0.0', '127.0.0.1'],
  ['::', '::1'],
])
