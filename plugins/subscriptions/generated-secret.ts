import { createHash } from 'node:crypto'
import type { Call } from './call.ts'

/** What is kept of a secret that was generated, in answers that are given again: with it the secret is found where it is kept anyway. */
export interface GeneratedSecret {
  readonly generated?: string
}

export function digestOf(secret: string): string {
  return createHash('sha256').update(secret).digest('base64url')
}

/**
 * A body with the secret that was generated, as long as it is one of the subscription's: one that was taken back is told to nobody.
 *
 * @throws {CarabinerError} STORE_UNAVAILABLE
 */
export async function withSecret<Body extends GeneratedSecret>(
  { service, owner }: Pick<Call, 'service' | 'owner'>,
  id: string,
  { generated, ...body }: Body,
): Promise<Omit<Body, 'generated'> & { readonly secret?: string }> {
  if (generated === undefined) return body
  const subscription = await service.subscriptions.find(owner, id)
  const found = subscription?.secrets.find(({ secret }) => digestOf(secret) === generated)
  return found === undefined ? body : { ...body, secret: found.secret }
}
