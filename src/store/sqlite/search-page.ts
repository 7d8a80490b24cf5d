import type { DatabaseSync } from 'node:sqlite'
import type { RecordListPage } from './record-list-page.ts'
import type { RecordMatches } from './record-matches.ts'
import { firstOf, type Search } from './search-state.ts'
import { snapshots } from './snapshot.ts'

/** Reads the page of a search. */
export interface SearchPage {
  /**
   * Reads the page in the turn in which it is sure.
   *
   * @returns `false` when some of what is on it, found in turns before, is no longer what is asked for, or not there: all is to be looked at again
   */
  read(search: Search): boolean
}

/** Searches are begun again so often at most; then the page is what of it is still as it was asked for. */
const mostBegun = 3

export function searchPage(
  database: DatabaseSync,
  matches: Pick<RecordMatches, 'countGiven'>,
  pages: Pick<RecordListPage, 'records'>,
): SearchPage {
  const together = snapshots(database)

  return {
    read: (search) =>
      together(() => {
        const { page = [], asked } = search
        const left = stillMeant(search, page)
        const isAsFound = left.length === page.length && left.every((seq, at) => seq === page[at])
        if (!isAsFound && search.begun < mostBegun) return false
        search.records = pages.records(left, asked)
        return true
      }),
  }

  /** In their order. */
  function stillMeant(search: Search, page: readonly number[]): readonly number[] {
    if (page.length === 0) return page
    const found = search.wholes.flatMap(
      ({ query }) => matches.countGiven(query, null, page, undefined).contenders,
    )
    return firstOf(found, search).map(({ seq }) => seq)
  }
}
