const longestMs = 24 * 60 * 60 * 1_000

/**
 * How long a receiver asks to be left alone, in milliseconds, at most 24 h: from `Retry-After` as seconds or as an HTTP date.
 *
 * `undefined` without the header, and for a value that is neither or lies in the past.
 */
export function parseRetryAfter(
  headers: readonly (readonly [string, string])[],
  now: number,
): number | undefined {
  const value = headers.find(([name]) => name === 'retry-after')?.[1].trim()
  if (value === undefined) return undefined

  const ms = /^\d+$/.test(value) ? Number(value) * 1_000 : untilDate(value, now)
  return ms === undefined || ms <= 0 ? undefined : Math.min(ms, longestMs)
}

/**
 * An IMF-fixdate (RFC 9110 §5.6.7); the two obsolete forms name a day and a month too, and `Date.parse` reads them. That of asctime
 * has no zone and means GMT.
 */
function untilDate(value: string, now: number): number | undefined {
  if (!/^(Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,? /.test(value)) return undefined
  const isAsctime = /:\d\d \d{4}$/.test(value)
  const at = Date.parse(isAsctime ? `${value} GMT` : value)
  return Number.isNaN(at) ? undefined : at - now
}
