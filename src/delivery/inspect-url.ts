/** What is wrong with a URL of the assembly. */
export interface UrlProblem {
  readonly message: string
  readonly expected: string
  /** `warning`: it is a URL, but the egress guard will let no request out. */
  readonly severity?: 'warning'
}

/**
 * What makes a URL of the user's own unfit for an endpoint; `undefined`: nothing.
 *
 * @param host - given, a warning tells what `host.egress` will refuse, as far as that shows without DNS. Where a name leads is the egress guard's business
 * @example
 * ```ts
 * import { inspectUrl } from 'carabiner'
 *
 * inspectUrl('ftp://example.com')?.message // '`ftp:` is not http or https'
 * ```
 */
export function inspectUrl(
  url: string,
  host?: { readonly egressRefusal: (url: string) => string | undefined },
): UrlProblem | undefined {
  const message = complaint(URL.parse(url))
  if (message !== undefined) return { message, expected: 'https://host/path, or http' }
  const refusal = host?.egressRefusal(url)
  if (refusal === undefined) return undefined
  const expected = 'a URL that `host.egress` lets through: nothing will be sent to this one'
  return { severity: 'warning', message: refusal, expected }
}

function complaint(url: URL | null): string | undefined {
  if (url === null) return 'not a URL'
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    return `\`${url.protocol}\` is not http or https`
  }
  return url.username === '' && url.password === '' ? undefined : 'a URL with user name or password'
}
