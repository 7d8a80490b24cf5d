import { BlockList, isIP } from 'node:net'
import type { ServerConfig } from '../assembly/host-config.ts'
import { CarabinerError } from '../errors.ts'

const loopback = new BlockList()
loopback.addSubnet('127.0.0.0', 8, 'ipv4')
loopback.addAddress('::1', 'ipv6')

/**
 * Refuses to serve without keys where others could reach it.
 *
 * @throws {CarabinerError} ASSEMBLY_INVALID
 */
export function refuseOpenDoors(
  config: Pick<ServerConfig, 'allowUnauthenticated' | 'listeners'>,
): void {
  if (!config.allowUnauthenticated) return
  const exposed = config.listeners.find(({ host }) => !isLoopback(host))
  if (exposed === undefined) return
  throw new CarabinerError(
    'ASSEMBLY_INVALID',
    `host.server.allow_unauthenticated is for loopback addresses only, and ${exposed.host} is none: set host.server.management_key`,
  )
}

function isLoopback(host: string): boolean {
  const version = isIP(host)
  if (version === 0) return host === 'localhost'
  return loopback.check(host, version === 4 ? 'ipv4' : 'ipv6')
}
