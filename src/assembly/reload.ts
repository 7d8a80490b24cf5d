import { isDeepStrictEqual } from 'node:util'
import type { Assembly } from './assembly.ts'

/** What the next assembly changes that only a restart can change: `host.store`, the listeners. */
export function compareForReload(old: Assembly, next: Assembly): string[] {
  const lasting = [
    ['host.store', old.host.store, next.host.store],
    ['host.server.listeners', old.host.server.listeners, next.host.server.listeners],
  ] as const
  return lasting
    .filter(([, before, after]) => !isDeepStrictEqual(before, after))
    .map(([key]) => key)
}
