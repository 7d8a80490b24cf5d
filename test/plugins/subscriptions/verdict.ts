import { schemeNamed } from '../../../src/delivery/signing/schemes.ts'
import type { ReceivedRequest } from '../../helpers/receiver.ts'

/** What a receiver that knows these secrets thinks of a request. */
export function verdictOf(
  request: ReceivedRequest | undefined,
  scheme: string,
  secrets: readonly string[],
): string {
  const { prepare, verify } = schemeNamed(scheme)
  const input = {
    header: (name: string) => request?.headers[name],
    body: request?.body ?? new Uint8Array(),
    now: Math.floor(Date.now() / 1_000),
  }
  return verify(input, secrets.map(prepare)).kind
}
