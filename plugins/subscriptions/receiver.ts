import { CarabinerError, egressRefusal, type RequestMismatch, Signer } from 'carabiner'
import type { Service } from './service.ts'
import { unfit } from './surface.ts'

/** What a call says of a receiver: where it is, what it gets, what signs it. */
interface Receiver {
  readonly callback_url?: string | undefined
  readonly event_types?: readonly string[] | undefined
  readonly secret?: string | undefined
}

/**
 * Holds what a call says of a receiver against what the assembly allows.
 *
 * @throws {RouteError} 422, all of it at once: a URL that nothing would ever be sent to, types that no event can have, a secret that the
 * signatures cannot be made with
 */
export function checkReceiver(service: Service, receiver: Receiver): void {
  const { callback_url: url, event_types: selectors = [], secret } = receiver
  const mismatches = [
    ...(url === undefined ? [] : misfitsOfUrl(service, url)),
    ...misfitsOfTypes(service, selectors),
    ...(secret === undefined ? [] : misfitsOfSecret(service, secret)),
  ]
  if (mismatches.length > 0) throw unfit(mismatches)
}

function misfitsOfUrl({ scope: { config } }: Service, callbackUrl: string): RequestMismatch[] {
  const url = URL.parse(callbackUrl)
  if (url === null) return [misfit('/callback_url', 'must be a URL', 'format')]
  const refused = egressRefusal(url, config.egress)
  return refused === undefined ? [] : [misfit('/callback_url', refused, 'egress')]
}

function misfitsOfTypes({ types }: Service, selectors: readonly string[]): RequestMismatch[] {
  return selectors.flatMap((selector, index) =>
    types.acceptsSelector(selector)
      ? []
      : [misfit(`/event_types/${index}`, 'is no event type that is taken', 'event_type')],
  )
}

function misfitsOfSecret({ scope: { config } }: Service, secret: string): RequestMismatch[] {
  try {
    new Signer(config.signatures, [secret])
    return []
  } catch (error) {
    if (!(error instanceof CarabinerError)) throw error
    return [misfit('/secret', error.message, 'secret')]
  }
}

function misfit(pointer: string, message: string, keyword: string): RequestMismatch {
  return { part: 'body', pointer, message, keyword }
}
