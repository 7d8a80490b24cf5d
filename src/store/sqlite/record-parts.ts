import { partsOf, soughtParts } from '../record-listing.ts'

/** What the full-text index takes for words: parts of a text, as letters and digits, each with the list that the text belongs to. */
export function documentOf(list: number, text: string): string {
  return [...partsOf(text)].map((part) => wordOf(list, part)).join(' ')
}

/** What the full-text index is asked for: every text that contains this one is found, and some others. */
export function wordsFor(list: number, text: string): readonly string[] {
  const sought = soughtParts(text)
  switch (sought.kind) {
    case 'all of':
      return sought.parts.map((part) => wordOf(list, part))
    case 'beginning of one':
      return [`${wordOf(list, sought.part)}*`]
  }
}

function wordOf(list: number, part: string): string {
  return `${list}x${Buffer.from(part).toString('hex')}`
}
