/** Items of one run at most: what an insertion may have to move. */
const longestRun = 512

/** Distinct items in order, in runs short enough to insert into. */
export class SortedList<T> {
  readonly #compare: (a: T, b: T) => number
  readonly #runs: T[][] = []

  constructor(compare: (a: T, b: T) => number) {
    this.#compare = compare
  }

  /** An item that is equal to one that is here is not added. */
  add(item: T): void {
    const at = Math.min(this.#runFor(item), Math.max(0, this.#runs.length - 1))
    const run = this.#runs[at]
    if (run === undefined) {
      this.#runs.push([item])
      return
    }
    const place = this.#firstNotBefore(run, item)
    const there = run[place]
    if (there !== undefined && this.#compare(there, item) === 0) return
    run.splice(place, 0, item)
    if (run.length > longestRun) this.#runs.splice(at + 1, 0, run.splice(longestRun / 2))
  }

  delete(item: T): void {
    const at = this.#runFor(item)
    const run = this.#runs[at]
    if (run === undefined) return
    const place = this.#firstNotBefore(run, item)
    const there = run[place]
    if (there === undefined || this.#compare(there, item) !== 0) return
    run.splice(place, 1)
    if (run.length === 0) this.#runs.splice(at, 1)
  }

  /** Items from `low` on, up, it included. The list must not change meanwhile. */
  from(low: T): Iterable<T> {
    const at = this.#runFor(low)
    return this.#up(at, this.#firstNotBefore(this.#runs[at] ?? [], low))
  }

  /** Items after `low`, up. The list must not change meanwhile. */
  after(low: T): Iterable<T> {
    const at = this.#runFor(low)
    return this.#up(at, this.#firstAfter(this.#runs[at] ?? [], low))
  }

  /** Items before `high`, down. The list must not change meanwhile. */
  *before(high: T): Iterable<T> {
    let at = Math.min(this.#runFor(high), this.#runs.length - 1)
    let place = this.#firstNotBefore(this.#runs[at] ?? [], high)
    for (let run = this.#runs[at]; run !== undefined; run = this.#runs[at]) {
      while (place > 0) {
        place -= 1
        yield run[place] as T
      }
      at -= 1
      place = this.#runs[at]?.length ?? 0
    }
  }

  *#up(firstRun: number, firstPlace: number): Iterable<T> {
    let at = firstRun
    let place = firstPlace
    for (let run = this.#runs[at]; run !== undefined; run = this.#runs[at]) {
      for (; place < run.length; place += 1) yield run[place] as T
      at += 1
      place = 0
    }
  }

  /** The first run whose last item is not before the item given. */
  #runFor(item: T): number {
    return firstIndex(this.#runs, (run) => this.#compare(run.at(-1) as T, item) >= 0)
  }

  #firstNotBefore(run: readonly T[], item: T): number {
    return firstIndex(run, (each) => this.#compare(each, item) >= 0)
  }

  #firstAfter(run: readonly T[], item: T): number {
    return firstIndex(run, (each) => this.#compare(each, item) > 0)
  }
}

/** Of items that first do not and then do hold: the first that does, or their number. */
function firstIndex<T>(items: readonly T[], holds: (item: T) => boolean): number {
  let low = 0
  let high = items.length
  while (low < high) {
    const middle = (low + high) >> 1
    // `middle` is an index of the array.
    if (holds(items[middle] as T)) high = middle
    else low = middle + 1
  }
  return low
}
