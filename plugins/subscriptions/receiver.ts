import { CarabinerError, egressRefusal, Signer } from 'carabiner'
import type { Service } from './service.ts'
import { unfitBody } from './surface.ts'

/** @throws {RouteError} 422 for a URL that nothing would ever be sent to */
export function checkCallbackUrl({ scope: { config } }: Service, callbackUrl: string): void {
  const url = URL.parse(callbackUrl)
  if (url === null) throw unfitBody('/callback_url', 'must be a URL', 'format')
  const refused = egressRefusal(url, config.egress)
  if (refused !== undefined) throw unfitBody('/callback_url', refused, 'egress')
}

/** @throws {RouteError} 422 for a secret that the signatures cannot be made with */
export function checkSecret({ scope: { config } }: Service, secret: string): void {
  try {
    new Signer(config.signatures, [secret])
  } catch (error) {
    if (!(error instanceof CarabinerError)) throw error
    throw unfitBody('/secret', error.message, 'secret')
  }
}
