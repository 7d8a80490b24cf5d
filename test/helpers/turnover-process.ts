// 100,000 entries of 3 KB go through a map that holds 600. Prints the most memory that was in use, in bytes.
import { TurnoverMap } from '../../src/turnover.ts'

const map = new TurnoverMap<number, number[]>()
let peak = 0
for (let key = 0; key < 100_000; key += 1) {
  map.set(key, new Array<number>(375).fill(key))
  map.delete(key - 600)
  // What is there now counts as old from here on.
  if (key === 10_000) globalThis.gc?.()
  if (key % 500 === 0) peak = Math.max(peak, process.memoryUsage().heapUsed)
}
process.stdout.write(String(peak))
