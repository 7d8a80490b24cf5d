import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface Certificate {
  readonly key: string
  readonly cert: string
}

const names = 'subjectAltName=DNS:localhost,DNS:rebind.test,IP:127.0.0.1'
const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1']

/** A self-signed certificate for `localhost` and `127.0.0.1`, made now; `cert` is also the CA to trust. */
export function makeCertificate(): Certificate {
  return inFolder((folder) => selfSigned(folder, 'localhost', names))
}

/** An authority, and what it has signed: `issue('alice')` is a certificate for `alice`, a host or a client. */
export interface Authority {
  readonly cert: string
  /**
   * @param passphrase - encrypts the key
   * @param days - how long it holds; negative: so long ago it ended. @defaultValue 2
   */
  issue(name: string, passphrase?: string, days?: number): Certificate
}

export function makeAuthority(): Authority {
  const authority = inFolder((folder) =>
    selfSigned(folder, 'authority', 'basicConstraints=critical,CA:TRUE'),
  )
  return {
    cert: authority.cert,
    issue: (name, passphrase, days = 2) =>
      inFolder((folder) => {
        const file = writer(folder)
        openssl(
          ...['x509', '-req', '-days', String(days), '-CAcreateserial'],
          ...['-CA', file('ca.pem', authority.cert), '-CAkey', file('ca-key.pem', authority.key)],
          ...['-in', request(folder, name, passphrase), '-out', join(folder, 'cert.pem')],
          ...['-extfile', file('names.cnf', `subjectAltName=DNS:${name}`)],
        )
        return readPair(folder)
      }),
  }
}

function selfSigned(folder: string, name: string, extension: string): Certificate {
  openssl(
    ...['req', '-x509', ...newKey, '-noenc', '-days', '2', '-subj', `/CN=${name}`],
    ...['-keyout', join(folder, 'key.pem'), '-out', join(folder, 'cert.pem')],
    ...['-addext', extension],
  )
  return readPair(folder)
}

function request(folder: string, name: string, passphrase: string | undefined): string {
  const path = join(folder, 'request.pem')
  openssl(
    ...['req', '-new', ...newKey, '-subj', `/CN=${name}`, '-out', path],
    ...['-keyout', join(folder, 'key.pem')],
    ...(passphrase === undefined ? ['-noenc'] : ['-passout', `pass:${passphrase}`]),
  )
  return path
}

function openssl(...args: readonly string[]): void {
  execFileSync('openssl', args, { stdio: 'ignore' })
}

function readPair(folder: string): Certificate {
  const read = (name: string): string => readFileSync(join(folder, name), 'utf8')
  return { key: read('key.pem'), cert: read('cert.pem') }
}

function writer(folder: string): (name: string, text: string) => string {
  return (name, text) => {
    const path = join(folder, name)
    writeFileSync(path, text)
    return path
  }
}

function inFolder<T>(make: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'carabiner-certificate-'))
  try {
    return make(folder)
  } finally {
    rmSync(folder, { recursive: true })
  }
}
