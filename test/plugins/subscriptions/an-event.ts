import { schemeNamed } from '../../../src/delivery/signing/schemes.ts'
import type { ReceivedRequest } from '../../helpers/receiver.ts'

/** Where events are published. */
export const path = '/v1/webhooks/events'

/** A publication with these fields. */
export function anEvent(fields: Readonly<Record<string, unknown>>): object {
  return { event_type: 'order.created', source: 'tests', payload: {}, ...fields }
}

/** Whether a signature of a request is one with any of these secrets. */
export function verifies(
  request: ReceivedRequest | undefined,
  scheme: string,
  ...secrets: string[]
): boolean {
  if (request === undefined) return false
  const { prepare, verify } = schemeNamed(scheme)
  const input = {
    header: (name: string) => request.headers[name],
    body: request.body,
    now: Math.floor(Date.now() / 1_000),
  }
  return verify(input, secrets.map(prepare)).kind === 'verified'
}
