import type { ConfigProblem, InspectInput } from './connector.ts'

/**
 * What a host lacks for callbacks that are answered later, perhaps after a restart: whoever takes the answers, a store that lasts, an address.
 *
 * @param otherwise - what a user can write instead, such as `decision: reply`
 * @example
 * ```ts
 * import { defineConnector, inspectCallbacks } from 'carabiner'
 *
 * export default defineConnector({
 *   name: 'asker',
 *   inspect: ({ host }) =>
 *     inspectCallbacks(host, 'no `asker`').map((problem) => ({ path: [], ...problem })),
 *   setup() {},
 * })
 * ```
 */
export function inspectCallbacks(
  host: InspectInput<unknown>['host'],
  otherwise: string,
): readonly Omit<ConfigProblem, 'path'>[] {
  const missing = [
    ...(host.callbacks ? [] : [noReceiver]),
    ...(host.durable ? [] : [noStore]),
    ...(host.publicUrl === null ? [noAddress] : []),
  ]
  return missing.map(({ message, expected }) => ({
    message,
    expected: `${expected}, or ${otherwise}`,
  }))
}

const noReceiver = {
  message: 'nothing takes the answers: no connector of this assembly serves callbacks',
  expected: 'the connector `callbacks` with its stanza',
}
const noStore = {
  message: 'a parked event ends with its process on the memory: store',
  expected: 'host.store: sqlite:PATH or postgres://…',
}
const noAddress = {
  message: 'a callback has no URL as long as `host.server.public_url` is not set',
  expected: 'host.server.public_url',
}
