import type { RouteHead } from 'carabiner'

const masked = '***'

/** Headers that carry credentials whoever the provider is, and names that sound like it. One masked in vain costs less than one that is not. */
const secretName =
  /^(?:set-)?cookie$|auth(?!ority)|signature|token|secret|passw|pwd|(?<!^idempotency-)key$|credential|session|bearer|csrf|xsrf|hmac|jwt|otp$/

/** Headers as they are kept: no value of a credential or a signature among them. What came more than once is joined, as HTTP has it. */
export function maskedHeaders(
  headers: RouteHead['headers'],
  secretHeaders: readonly string[],
): Readonly<Record<string, string>> {
  const kept: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined) continue
    if (secretHeaders.includes(name) || secretName.test(name)) kept[name] = masked
    else kept[name] = typeof value === 'string' ? value : value.join(', ')
  }
  return kept
}
