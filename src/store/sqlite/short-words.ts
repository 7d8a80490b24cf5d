import type { DatabaseSync } from 'node:sqlite'

/**
 * The words of the full-text index that begin so: `undefined` where there are more than a few.
 *
 * The index reads the rows of words as they are wanted; those of a beginning it collects before it tells the first.
 */
export type WordsBeginning = (beginning: string) => readonly string[] | undefined

/** As many letters and digits as follow one, mostly. */
const mostWords = 24

const selectWordFrom = 'SELECT term FROM temp.record_words WHERE term >= ? LIMIT 1'

/** Which words there are: what is read of one is its first row. */
const createWords =
  'CREATE VIRTUAL TABLE IF NOT EXISTS temp.record_words USING fts5vocab(main, record_parts, instance)'

export function wordsBeginning(database: DatabaseSync): WordsBeginning {
  database.exec(createWords)
  const from = database.prepare(selectWordFrom)

  return (beginning) => {
    const words: string[] = []
    for (let next = beginning; words.length <= mostWords; ) {
      const term = from.get(next)?.['term']
      if (typeof term !== 'string' || !term.startsWith(beginning)) return words
      words.push(term)
      // Words are of letters and digits: none lies between one and the same with a 0.
      next = `${term}0`
    }
    return undefined
  }
}
