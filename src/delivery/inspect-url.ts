/**
 * What makes a URL of the user's own unfit for an endpoint; `undefined`: nothing. Where it leads is the egress guard's business.
 *
 * @example
 * ```ts
 * import { inspectUrl } from 'carabiner'
 *
 * inspectUrl('ftp://example.com')?.message // '`ftp:` is not http or https'
 * ```
 */
export function inspectUrl(
  url: string,
): { readonly message: string; readonly expected: string } | undefined {
  const message = complaint(URL.parse(url))
  return message === undefined ? undefined : { message, expected: 'https://host/path, or http' }
}

function complaint(url: URL | null): string | undefined {
  if (url === null) return 'not a URL'
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    return `\`${url.protocol}\` is not http or https`
  }
  return url.username === '' && url.password === '' ? undefined : 'a URL with user name or password'
}
