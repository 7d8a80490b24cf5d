import { createPrivateKey, X509Certificate } from 'node:crypto'
import { messageOf } from '../errors.ts'

/** How an endpoint is known to us, and we to it. All but `serverName` and `passphrase` are PEM texts. */
export interface EndpointTls {
  /** Authorities that are trusted instead of the runtime's own. */
  readonly ca?: string
  /** Our certificate, with the intermediate ones. */
  readonly cert?: string
  /** The private key of `cert`. */
  readonly key?: string
  /** Of an encrypted `key`. */
  readonly passphrase?: string
  /** The name that is asked for (SNI) and must stand in the certificate, when it is not the URL's host. */
  readonly serverName?: string
}

/** What is wrong with TLS settings, and with which one. */
export interface EndpointTlsProblem {
  readonly field: keyof EndpointTls
  /** Names no secret. */
  readonly message: string
}

/** Finds what would keep every connection from being made: a text that is not PEM, a key without its certificate. */
export function inspectTls(tls: EndpointTls): EndpointTlsProblem | undefined {
  if (tls.cert !== undefined && tls.key === undefined)
    return { field: 'cert', message: 'a certificate without its key' }
  if (tls.key !== undefined && tls.cert === undefined)
    return { field: 'key', message: 'a key without its certificate' }
  if (tls.passphrase !== undefined && tls.key === undefined)
    return { field: 'passphrase', message: 'a passphrase without a key' }
  for (const field of ['ca', 'cert', 'key'] as const) {
    const message = unreadable(field, tls)
    if (message !== undefined) return { field, message }
  }
  return mismatch(tls)
}

/**
 * When the first certificate of `cert` ends, UTC milliseconds: from then on no endpoint that asks for it lets us in. `undefined` without one.
 *
 * @throws when `cert` cannot be read: see `inspectTls`
 * @example
 * ```ts
 * import { certificateEnd } from 'carabiner'
 *
 * certificateEnd({ serverName: 'hooks.example.com' }) // undefined
 * ```
 */
export function certificateEnd({ cert }: EndpointTls): number | undefined {
  if (cert === undefined) return undefined
  const ends = certificatesIn(cert).map((each) => new X509Certificate(each).validToDate.getTime())
  return Math.min(...ends)
}

function unreadable(field: 'ca' | 'cert' | 'key', tls: EndpointTls): string | undefined {
  const pem = tls[field]
  if (pem === undefined) return undefined
  if (!pem.includes('-----BEGIN')) return 'not a PEM text: expected -----BEGIN …'
  try {
    if (field === 'key') createPrivateKey({ key: pem, ...passphraseOf(tls) })
    else for (const certificate of certificatesIn(pem)) new X509Certificate(certificate)
    return undefined
  } catch (error) {
    return `cannot be read: ${messageOf(error)}`
  }
}

function mismatch(tls: EndpointTls): EndpointTlsProblem | undefined {
  if (tls.cert === undefined || tls.key === undefined) return undefined
  // Only here is TLS itself needed, and a process that loads it reads all authorities it trusts, which is half a start of Node.
  const { createSecureContext } = process.getBuiltinModule('node:tls')
  try {
    createSecureContext({ cert: tls.cert, key: tls.key, ...passphraseOf(tls) })
    return undefined
  } catch (error) {
    return { field: 'key', message: `not the key of the certificate: ${messageOf(error)}` }
  }
}

function passphraseOf({ passphrase }: EndpointTls): { readonly passphrase?: string } {
  return passphrase === undefined ? {} : { passphrase }
}

/** At least one: a text without a whole one is given back, for the parser to say what is wrong with it. */
function certificatesIn(pem: string): readonly string[] {
  return pem.match(/-----BEGIN [^-]*CERTIFICATE-----[^-]+-----END [^-]*CERTIFICATE-----/g) ?? [pem]
}
