import { isIP } from 'node:net'

/**
 * What an owner is told of a delivery's last error: not which address a host name leads to, or who can subscribe could look around in
 * the network of the host. Operators see it: `carabiner deliveries show`, `GET /api/v1/outbox`.
 */
export function shownError(lastError: string | null): string | null {
  const [, subject = ''] = egressRefusal.exec(lastError ?? '') ?? []
  return isIP(subject) === 0
    ? lastError
    : 'egress refused: the host has an address that is not allowed'
}

/** `egress refused: <address> is <range>` */
const egressRefusal = /^egress refused: (\S+) is /
