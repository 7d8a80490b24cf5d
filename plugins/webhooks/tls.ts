import { type ConfigProblem, type EndpointTls, inspectTls, Secret } from 'carabiner'
import { type TUnsafe, Type } from 'typebox'

/** `tls:` of a webhook. */
export interface TlsConfig {
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
  readonly passphrase?: string
  readonly server_name?: string
}

export const Tls: TUnsafe<TlsConfig> = Type.Unsafe<TlsConfig>(
  Type.Object(
    {
      ca: Type.Optional(
        Type.String({
          description: 'PEM: authorities trusted for this endpoint, instead of the well-known ones',
          examples: ['!file certificates/ca.pem'],
        }),
      ),
      cert: Type.Optional(
        Type.String({
          description: 'PEM: the certificate shown to an endpoint that asks for one',
          examples: ['!file certificates/client.pem'],
        }),
      ),
      key: Type.Optional(
        Secret({
          description: 'PEM: the private key of `cert`',
          examples: ['!file certificates/client-key.pem'],
        }),
      ),
      passphrase: Type.Optional(Secret({ description: 'Of an encrypted key' })),
      server_name: Type.Optional(
        Type.String({
          pattern: '^(?=.{1,253}$)([A-Za-z0-9_-]{1,63}\\.)*(?![0-9]+$)[A-Za-z0-9-]{1,63}$',
          description:
            "The name asked for (SNI) that must stand in the endpoint's certificate. Default: the URL's host",
          examples: ['hooks.example.com'],
        }),
      ),
    },
    {
      additionalProperties: false,
      minProperties: 1,
      description: 'Certificates of connections to this endpoint',
      examples: [
        { cert: '!file certificates/client.pem', key: '!file certificates/client-key.pem' },
      ],
    },
  ),
)

export function endpointTls({ server_name: serverName, ...pem }: TlsConfig): EndpointTls {
  return serverName === undefined ? pem : { ...pem, serverName }
}

export function wrongTls({
  tls,
  url,
}: {
  readonly tls?: TlsConfig
  readonly url: string
}): readonly ConfigProblem[] {
  if (tls === undefined) return []
  if (URL.parse(url)?.protocol === 'http:') {
    return [{ path: ['tls'], message: '`tls` has no effect on http', expected: 'a URL with https' }]
  }
  const problem = inspectTls(endpointTls(tls))
  if (problem === undefined) return []
  const field = problem.field === 'serverName' ? 'server_name' : problem.field
  return [{ path: ['tls', field], message: problem.message, expected: expectations[field] }]
}

const expectations: Readonly<Record<keyof TlsConfig, string>> = {
  ca: 'PEM certificates, as !file PATH gives them',
  cert: 'a PEM certificate and its `key`',
  key: 'the PEM private key of `cert`',
  passphrase: 'no passphrase, or the `key` it is of',
  server_name: 'a host name',
}
