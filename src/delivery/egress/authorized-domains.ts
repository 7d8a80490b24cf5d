import { domainToASCII } from 'node:url'

/** Whether a URL is at one of the domains, or below one. `undefined` or none: it may be anywhere. */
export function isAuthorized(url: URL, domains: readonly string[] | undefined): boolean {
  if (domains === undefined || domains.length === 0) return true
  const host = withoutDot(url.hostname)
  return domains.some((domain) => {
    const authorized = withoutDot(canonical(domain))
    // What is no domain authorizes nothing, least of all what ends with a dot and nothing.
    return authorized !== '' && (host === authorized || host.endsWith(`.${authorized}`))
  })
}

/** As a URL writes it: lower case, punycode. Addresses stay what they are. */
function canonical(domain: string): string {
  const ascii = domainToASCII(domain)
  return ascii === '' ? domain.toLowerCase() : ascii
}

function withoutDot(host: string): string {
  return host.endsWith('.') ? host.slice(0, -1) : host
}
