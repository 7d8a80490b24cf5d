/** A page of a list, and how many there are on all pages. */
export interface PageOf<Item> {
  readonly items: readonly Item[]
  readonly total: number
  /** `false` when there are more, which were not counted. @defaultValue `true` */
  readonly totalIsExact?: boolean
}
