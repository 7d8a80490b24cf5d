import { closest, distance } from 'fastest-levenshtein'

/** `; did you mean \`measure\`?` when one of the known names is close to what was written, else nothing. */
export function suggestion(written: string, known: readonly string[]): string {
  if (known.length === 0) return ''
  const nearest = closest(written.toLowerCase(), known)
  const tolerated = Math.max(2, Math.ceil(nearest.length / 3))
  return distance(written.toLowerCase(), nearest) <= tolerated
    ? `; did you mean \`${nearest}\`?`
    : ''
}
