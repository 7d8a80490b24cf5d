/** Items of several rows, each in order, as one row in that order. Reads of each row one item ahead. */
export function* merged<T>(
  rows: readonly Iterator<T>[],
  compare: (a: T, b: T) => number,
): Iterable<T> {
  const waiting: Head<T>[] = []
  for (const row of rows) enter(waiting, row, compare)
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    yield next.item
    enter(waiting, next.row, compare)
  }
}

interface Head<T> {
  readonly item: T
  readonly row: Iterator<T>
}

/** Puts a row's next item among those of the others; the first of all stands at the end. */
function enter<T>(waiting: Head<T>[], row: Iterator<T>, compare: (a: T, b: T) => number): void {
  const next = row.next()
  if (next.done === true) return
  let low = 0
  let high = waiting.length
  while (low < high) {
    const middle = (low + high) >> 1
    const there = waiting[middle]
    if (there !== undefined && compare(there.item, next.value) > 0) low = middle + 1
    else high = middle
  }
  waiting.splice(low, 0, { item: next.value, row })
}
