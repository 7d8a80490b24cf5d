import { mask, maskUrls, mayBeSecret } from './credentials.ts'
import { type Place, positionAt, type Source } from './source.ts'

const widest = 100

/** The line of a place with a caret under it; what is hidden is masked. */
export function excerptOf(source: Source, place: Place, hidden: readonly Place[]): string {
  const { line } = positionAt(source, place.offset)
  const start = source.lineStarts[line - 1] ?? 0
  const next = source.lineStarts[line] ?? source.text.length + 1
  const end = start + source.text.slice(start, next - 1).trimEnd().length
  const before = masked(source, start, Math.min(place.offset, end), hidden)
  const at = masked(source, place.offset, Math.max(place.offset, Math.min(place.end, end)), hidden)
  const after = masked(
    source,
    place.offset + (Math.min(place.end, end) - place.offset),
    end,
    hidden,
  )

  const shown = window(before, at, place.offset >= end ? '' : after)
  const gutter = `${line} | `
  const padding = shown.before.replace(/[^\t]/g, ' ')
  const carets = '^'.repeat(Math.max(1, shown.at.length))
  return `${gutter}${shown.before}${shown.at}${shown.after}\n${' '.repeat(gutter.length)}${padding}${carets}`
}

/** Cuts a long line around the place. */
function window(
  before: string,
  at: string,
  after: string,
): { before: string; at: string; after: string } {
  const shownAt = at.length > widest / 2 ? `${at.slice(0, widest / 2)}…` : at
  const room = widest - shownAt.length
  const shownBefore =
    before.length > room * 0.75 ? `…${before.slice(-Math.floor(room * 0.75))}` : before
  const rest = Math.max(0, room - shownBefore.length)
  return {
    before: shownBefore,
    at: shownAt,
    after: after.length > rest ? `${after.slice(0, rest)}…` : after,
  }
}

function masked(source: Source, start: number, end: number, hidden: readonly Place[]): string {
  let text = ''
  let from = start
  const inside = hidden.filter(
    ({ offset, end: last }) => last > start && offset < end && last > offset,
  )
  for (const place of inside.sort((a, b) => a.offset - b.offset)) {
    if (place.end <= from) continue
    text += maskUrls(source.text.slice(from, Math.max(from, place.offset))) + mask
    from = place.end
  }
  return text + maskUrls(source.text.slice(Math.min(from, end), end))
}

/** Where secrets stand in a text that does not parse, as far as lines tell: after keys with such a name, and in lists below them. */
export function guessHidden(source: Source): Place[] {
  const places: Place[] = []
  let secretIndent = -1
  source.lineStarts.forEach((start, index) => {
    const line = source.text
      .slice(start, source.lineStarts[index + 1] ?? source.text.length)
      .trimEnd()
    const indent = line.length - line.trimStart().length
    if (line.trim() === '') return
    if (
      secretIndent >= 0 &&
      (indent > secretIndent || (indent === secretIndent && /^\s*-/.test(line)))
    ) {
      places.push({ offset: start + indent, end: start + line.length })
      return
    }
    secretIndent = -1
    for (const { 0: matched, 1: key = '', index: at } of line.matchAll(
      /([\w-]+)["']?\s*[:=]\s*/g,
    )) {
      if (!mayBeSecret(key)) continue
      const value = start + at + matched.length
      if (value < start + line.length) places.push({ offset: value, end: start + line.length })
      secretIndent = indent
      break
    }
  })
  return places
}
