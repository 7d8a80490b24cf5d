import { readFileSync } from 'node:fs'
import { BlockList, isIP } from 'node:net'
import { dirname, resolve } from 'node:path'
import { parseProxy } from '../delivery/egress/proxy.ts'
import { messageOf } from '../errors.ts'
import type { Fault } from './fault.ts'
import type { HostConfig, ListenerConfig, ServerConfig } from './host-config.ts'
import { type HostStanza, routeFamilies, type ServerStanza } from './host-schema.ts'
import { readStore } from './read-store.ts'
import { locate, type Path, type Tree } from './tree.ts'

/** Makes the host's configuration of its stanza, and finds what the schema cannot say. */
export function readHost(
  stanza: HostStanza,
  tree: Tree,
  file: string,
): { readonly config: HostConfig; readonly faults: readonly Fault[] } {
  const faults = new HostFaults(tree)
  const folder = dirname(file)
  const listeners = readListeners(stanza.server, folder, faults)
  const server = readServer(stanza.server, listeners)
  refuseOpenDoor(server, faults)
  refuseListenersBesideAddress(stanza.server, tree, faults)
  checkRanges(stanza, faults)
  const store = readStore(stanza.store, folder)
  if (store.kind === 'invalid') faults.add(['store'], store.message, store.expected)
  const config: HostConfig = {
    name: stanza.name,
    store: store.kind === 'store' ? store.url : stanza.store,
    auditKeys: listOf(stanza.audit_key),
    shutdownTimeoutMs: stanza.shutdown_timeout,
    eventTimeoutMs: stanza.event_timeout,
    retentionMs: stanza.retention,
    log: stanza.log,
    egress: stanza.egress,
    deliveries: readDeliveries(stanza.deliveries),
    server,
  }
  return { config, faults: faults.found }
}

class HostFaults {
  readonly found: Fault[] = []
  readonly #tree: Tree

  constructor(tree: Tree) {
    this.#tree = tree
  }

  add(path: Path, message: string, expected: string): void {
    const { place } = locate(this.#tree, path)
    this.found.push({ place, path: ['host', ...path], message, expected })
  }
}

function readDeliveries(limits: HostStanza['deliveries']): HostConfig['deliveries'] {
  return {
    bodyLimit: limits.body_limit,
    keptReply: limits.kept_reply,
    replyHeaderBytes: limits.reply_header_limit,
    replyHeaderLines: limits.reply_header_lines,
    window: limits.window,
  }
}

function readServer(server: ServerStanza, listeners: readonly ListenerConfig[]): ServerConfig {
  return {
    publicUrl: server.public_url,
    managementKeys: readKeys(server.management_key),
    allowUnauthenticated: server.allow_unauthenticated,
    trustedProxies: server.trusted_proxies,
    bodyLimit: server.body_limit,
    cors: server.cors,
    listeners,
  }
}

function readKeys(keys: ServerStanza['management_key']): ServerConfig['managementKeys'] {
  if (keys === null) return []
  const list = isList(keys) ? keys : [keys]
  return list.map((key, index) =>
    typeof key === 'string' ? { name: `management-${index + 1}`, key } : key,
  )
}

function listOf<T>(value: T | readonly T[] | null): readonly T[] {
  if (value === null) return []
  return isList(value) ? value : [value]
}

/** `Array.isArray` does not see that a readonly list is one. */
function isList<T>(value: T | readonly T[]): value is readonly T[] {
  return Array.isArray(value)
}

function readListeners(server: ServerStanza, folder: string, faults: HostFaults): ListenerConfig[] {
  if (server.listeners === null) {
    const { host, port } = server
    return [{ host, port, serve: routeFamilies, tls: undefined }]
  }
  return server.listeners.map(({ host, port, serve, tls }, index) => {
    const pem = (field: 'cert' | 'key', text: string): string =>
      readPem(text, folder, (message) =>
        faults.add(
          ['server', 'listeners', index, 'tls', field],
          message,
          'PEM text, or the path of a PEM file',
        ),
      )
    const read = tls && { cert: pem('cert', tls.cert), key: pem('key', tls.key) }
    return { host, port, serve, tls: read }
  })
}

function readPem(text: string, folder: string, fail: (message: string) => void): string {
  if (text.includes('-----BEGIN')) return text
  try {
    return readFileSync(resolve(folder, text), 'utf8')
  } catch (error) {
    fail(`cannot be read: ${messageOf(error)}`)
    return ''
  }
}

function refuseOpenDoor(server: ServerConfig, faults: HostFaults): void {
  if (!server.allowUnauthenticated || server.managementKeys.length > 0) return
  const open = server.listeners.find(
    ({ host, serve }) => serve.includes('management') && !isLoopback(host),
  )
  if (open === undefined) return
  const message = `the management API would be open to everyone who reaches ${open.host}`
  faults.add(
    ['server', 'allow_unauthenticated'],
    message,
    'a management_key, or a loopback address',
  )
}

function refuseListenersBesideAddress(
  { listeners }: ServerStanza,
  tree: Tree,
  faults: HostFaults,
): void {
  if (listeners === null) return
  for (const key of ['host', 'port']) {
    if (!locate(tree, ['server', key]).whole) continue
    faults.add(['server', key], `\`${key}\` has no effect beside \`listeners\``, 'one or the other')
  }
}

function checkRanges({ server, egress }: HostStanza, faults: HostFaults): void {
  if (egress.proxy !== null) checkProxy(egress.proxy, faults)
  const proxies = ['loopback', 'linklocal', 'uniquelocal']
  for (const [index, range] of server.trusted_proxies.entries()) {
    if (isRange(range) || proxies.includes(range)) continue
    const path = ['server', 'trusted_proxies', index]
    faults.add(path, 'not an address or a range of addresses', '10.0.0.1, 10.0.0.0/8 or fd00::/8')
  }
  for (const [index, allowed] of egress.allow.entries()) {
    if (isRange(allowed) || hostName.test(allowed)) continue
    const path = ['egress', 'allow', index]
    faults.add(path, 'not a host name or a range of addresses', 'hooks.internal or 10.0.0.0/8')
  }
}

function checkProxy(text: string, faults: HostFaults): void {
  const parsed = parseProxy(text)
  if (parsed.kind === 'proxy') return
  faults.add(
    ['egress', 'proxy'],
    parsed.reason,
    'http://host:port or http://user:password@host:port',
  )
}

/** Labels of letters, digits, `-` and `_`; a last one of digits alone would be an address in disguise. */
const hostName = /^(?=.{1,253}$)([a-z0-9_-]{1,63}\.)*(?!\d+\.?$)[a-z0-9-]{1,63}\.?$/i

function isRange(text: string): boolean {
  const [address = '', bits, ...rest] = text.split('/')
  const version = isIP(address)
  if (version === 0 || rest.length > 0) return false
  return (
    bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128))
  )
}

/** Whether only this machine reaches an address. */
function isLoopback(host: string): boolean {
  const address = host.replace(/^\[|\]$/g, '')
  if (address === 'localhost') return true
  const version = isIP(address)
  return version !== 0 && loopback.check(address, version === 4 ? 'ipv4' : 'ipv6')
}

const loopback = new BlockList()
loopback.addSubnet('127.0.0.0', 8, 'ipv4')
loopback.addAddress('::1', 'ipv6')
