/** A page of a list, and how many there are on all pages. */
export interface PageOf<Item> {
  readonly items: readonly Item[]
  readonly total: number
}
