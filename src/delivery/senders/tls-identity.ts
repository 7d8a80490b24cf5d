import { createHash } from 'node:crypto'
import { createSecureContext, type SecureContext } from 'node:tls'
import type { EndpointTls } from '../endpoint-tls.ts'

/** Whom we trust and who we are on a connection. Connections of one identity are never used for another. */
export class TlsIdentity {
  /** The same for the same settings, with nothing of them in it. */
  readonly key: string
  readonly serverName: string | undefined
  readonly #settings: EndpointTls
  #context: SecureContext | undefined

  constructor(settings: EndpointTls) {
    const { ca, cert, key, passphrase, serverName } = settings
    const parts = JSON.stringify([ca, cert, key, passphrase, serverName])
    this.key = createHash('sha256').update(parts).digest('base64url')
    this.serverName = serverName
    this.#settings = settings
  }

  /** Made once. Throws what OpenSSL throws at a text that is not PEM. */
  get context(): SecureContext {
    const { ca, cert, key, passphrase } = this.#settings
    this.#context ??= createSecureContext({
      ...(ca !== undefined && { ca }),
      ...(cert !== undefined && { cert }),
      ...(key !== undefined && { key }),
      ...(passphrase !== undefined && { passphrase }),
    })
    return this.#context
  }
}

/** The identities of one sender. Endpoints keep their settings, so each is made once. */
export class TlsIdentities {
  readonly #common: TlsIdentity
  readonly #commonCa: string | undefined
  readonly #known = new WeakMap<EndpointTls, TlsIdentity>()

  /** @param ca - trusted by endpoints that name no authorities of their own */
  constructor(ca: string | undefined) {
    this.#commonCa = ca
    this.#common = new TlsIdentity(ca === undefined ? {} : { ca })
  }

  of(settings: EndpointTls | undefined): TlsIdentity {
    if (settings === undefined) return this.#common
    const known = this.#known.get(settings)
    if (known !== undefined) return known
    const ca = this.#commonCa
    const identity = new TlsIdentity(ca === undefined ? settings : { ca, ...settings })
    this.#known.set(settings, identity)
    return identity
  }
}
