import type { Callback } from '../../src/callbacks/callback.ts'
import type { CallbackDesk } from '../../src/parking/callbacks.ts'

/** A desk that signs with nothing, and keeps what it is told. */
export function aDesk({
  host = 'hooks.test',
  verdict = () => undefined,
}: {
  readonly host?: string
  readonly verdict?: (callback: Callback) => string | undefined
} = {}): CallbackDesk & { readonly told: Callback[] } {
  const told: Callback[] = []
  return {
    told,
    url: (id) => `https://${host}/api/callbacks/${id}/complete`,
    sign: (id) => `signature of ${id}`,
    async resolved(callback) {
      told.push(callback)
      return verdict(callback)
    },
  }
}
