import { partsOf, soughtParts } from '../record-listing.ts'
import type { WordsBeginning } from './short-words.ts'

/** What the full-text index takes for words: parts of a text, as letters and digits, each with the list that the text belongs to. */
export function documentOf(list: number, text: string): string {
  return [...partsOf(text)].map((part) => wordOf(list, part)).join(' ')
}

/** Of so many texts of a sample, */
export const sampled = 128
/** more have a part that is not left to rarer ones, */
const few = 2
/** or one that is quicker found by looking at all texts, */
const many = 8
/** or at some of them, where not all need be found; */
const manyOfSome = 32
/** or so a short text, whose records the index collects before it tells the first of them. */
const manyShort = 5

/** What words are chosen by. */
interface WordsScope {
  /** Texts from all over. */
  readonly sample: readonly string[]
  /** The words there are now: what gets into the index later may have others. */
  readonly beginning: WordsBeginning
  /** Whether not all texts need be found, when there are very many. */
  readonly isForSome: boolean
}

/** What the full-text index is asked for. */
export interface Words {
  readonly query: string
  /** Whether all that it finds contain the text. */
  readonly isExact: boolean
  /** Whether the index collects all records before it tells the first. */
  readonly isCollected: boolean
}

/** Words by which every text is found that contains this one. `null` where so many are to be expected that one looks at all texts rather. */
export function wordsFor(
  list: number,
  text: string,
  { sample, beginning, isForSome }: WordsScope,
): Words | null {
  const having = (part: string): number => sample.filter((each) => each.includes(part)).length
  const most = isForSome ? manyOfSome : many
  const sought = soughtParts(text)
  switch (sought.kind) {
    case 'beginning of one': {
      if (having(sought.part) >= most) return null
      const begin = wordOf(list, sought.part)
      const words = beginning(begin)
      if (words?.length) return { query: words.join(' OR '), isExact: true, isCollected: false }
      if (having(sought.part) >= manyShort) return null
      return { query: `${begin}*`, isExact: true, isCollected: true }
    }
    case 'this':
      if (having(sought.part) >= most) return null
      return { query: wordOf(list, sought.part), isExact: true, isCollected: false }
    case 'all of': {
      const parts = sought.parts.map((part) => ({ part, texts: having(part) }))
      const least = Math.min(...parts.map(({ texts }) => texts))
      if (least >= most) return null
      const rare = parts.filter(({ texts }) => texts <= Math.max(least, few))
      const query = rare.map(({ part }) => wordOf(list, part)).join(' AND ')
      return { query, isExact: false, isCollected: false }
    }
  }
}

function wordOf(list: number, part: string): string {
  return `${list}x${Buffer.from(part).toString('hex')}`
}
