import { isDeepStrictEqual } from 'node:util'
import type { Assembly } from './assembly.ts'
import type { HostConfig } from './host-config.ts'

/** What a running host has been built with, by its name in the file. */
const lasting: Readonly<Record<string, (host: HostConfig) => unknown>> = {
  'host.name': ({ name }) => name,
  'host.store': ({ store }) => store,
  'host.audit_key': ({ auditKeys }) => auditKeys,
  'host.log': ({ log }) => log,
  'host.egress': ({ egress }) => egress,
  'host.deliveries': ({ deliveries }) => deliveries,
  'host.server.listeners': ({ server }) => server.listeners,
  'host.server.public_url': ({ server }) => server.publicUrl,
  'host.server.management_key': ({ server }) => server.managementKeys,
  'host.server.allow_unauthenticated': ({ server }) => server.allowUnauthenticated,
  'host.server.trusted_proxies': ({ server }) => server.trustedProxies,
  'host.server.body_limit': ({ server }) => server.bodyLimit,
  'host.server.cors': ({ server }) => server.cors,
}

/** What the next assembly says otherwise than the one a host was started with, and only a restart can change. */
export function compareForReload(started: Assembly, next: Assembly): string[] {
  return Object.entries(lasting)
    .filter(([, read]) => !isDeepStrictEqual(read(started.host), read(next.host)))
    .map(([key]) => key)
}
