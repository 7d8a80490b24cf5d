import { createHash, timingSafeEqual } from 'node:crypto'
import type { ServerConfig } from '../assembly/host-config.ts'

/** What presenting (or not presenting) a management key comes to. */
export type Access =
  | { readonly kind: 'granted'; readonly holder: string | undefined }
  | { readonly kind: 'refused'; readonly message: string }

/** Header that carries the management key. */
export const managementKeyHeader = 'x-internal-api-key'

/**
 * Makes the judge of management keys.
 *
 * Digests are compared, so that length tells nothing, and always all of them, so that time tells nothing.
 */
export function keyJudge(
  config: Pick<ServerConfig, 'managementKeys' | 'allowUnauthenticated'>,
): (presented: string | undefined) => Access {
  const keys = config.managementKeys.map(({ name, key }) => ({ name, digest: digest(key, 'utf8') }))
  if (keys.length === 0) {
    const access = withoutKeys(config.allowUnauthenticated)
    return () => access
  }

  return (presented) => {
    // Node hands over a header's bytes as Latin-1.
    const got = digest(presented ?? '', 'latin1')
    const matching = keys.filter((key) => timingSafeEqual(key.digest, got))
    const [holder] = matching
    return holder === undefined
      ? { kind: 'refused', message: 'Invalid management API key' }
      : { kind: 'granted', holder: holder.name }
  }
}

function withoutKeys(allowUnauthenticated: boolean): Access {
  return allowUnauthenticated
    ? { kind: 'granted', holder: undefined }
    : { kind: 'refused', message: 'management API is off: set host.server.management_key' }
}

function digest(key: string, encoding: 'utf8' | 'latin1'): Buffer {
  return createHash('sha256').update(key, encoding).digest()
}
