/** A proxy through which every connection goes. */
export interface EgressProxy {
  /** Without brackets. */
  readonly host: string
  readonly port: number
  /** The value of `Proxy-Authorization`, when its URL carries credentials. */
  readonly authorization: string | undefined
}

export type ParsedProxy =
  | { readonly kind: 'proxy'; readonly proxy: EgressProxy }
  | { readonly kind: 'invalid'; readonly reason: string }

/** Reads `http://user:password@host:port`. A reason repeats nothing of the text: there may be a password in it. */
export function parseProxy(text: string): ParsedProxy {
  const url = URL.parse(text)
  if (url === null) return invalid('not a URL')
  if (url.protocol !== 'http:') return invalid('a proxy is spoken to over http')
  if (url.pathname !== '/' || url.search !== '' || url.hash !== '')
    return invalid('a proxy has no path')
  const credentials = credentialsOf(url)
  if (credentials === undefined) return invalid('its user name or password is not percent-encoded')

  return {
    kind: 'proxy',
    proxy: {
      host: url.hostname.replace(/^\[|\]$/g, ''),
      port: url.port === '' ? 80 : Number(url.port),
      authorization:
        credentials === ':' ? undefined : `Basic ${Buffer.from(credentials).toString('base64')}`,
    },
  }
}

function credentialsOf({ username, password }: URL): string | undefined {
  try {
    return `${decodeURIComponent(username)}:${decodeURIComponent(password)}`
  } catch {
    return undefined // a % that begins no encoded byte
  }
}

function invalid(reason: string): ParsedProxy {
  return { kind: 'invalid', reason }
}
