/**
 * A URL as it can be routed: `%` that begins no character in UTF-8 (`%zz`, `%ff`) is taken for itself, so that the route is found and tells in
 * its own form that the path cannot be read.
 */
export function routableUrl(url: string): string {
  if (isReadable(url)) return url
  const [path = '', ...query] = url.split('?')
  return [path.replaceAll('%', '%25'), ...query].join('?')
}

/** Whether every `%` of a URL's path stands for a part of a character. */
export function isReadable(url: string): boolean {
  if (!url.includes('%')) return true
  return isDecodable(url.split('?', 1).join(''))
}

/** The same of its query. */
export function hasReadableQuery(url: string): boolean {
  const start = url.indexOf('?')
  return start === -1 || isDecodable(url.slice(start))
}

function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text)
    return true
  } catch {
    return false // It throws for nothing else.
  }
}
