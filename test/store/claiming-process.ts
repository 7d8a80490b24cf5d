/** A process of its own on a store: stores as many messages as it is told, claims what it can get, settles it, and prints the ids. */

import { aClaim, aMessage, delivered, noon } from '../../src/store/contract/makers.ts'
import { openSharedStore } from '../../src/store/open-store.ts'

const [url = '', owner = '', count = '0'] = process.argv.slice(2)

await using store = await openSharedStore(url)
await store.beat(owner, noon)
await Promise.all(Array.from({ length: Number(count) }, () => store.enqueue([aMessage()])))
process.stdout.write('stored\n')
await new Promise((resolve) => process.stdin.once('data', resolve))

for (;;) {
  const claimed = await store.claim(aClaim({ owner, limit: 7 }))
  if (claimed.length === 0) break
  const settled = await store.settle(claimed.map((each) => delivered(each, { owner })))
  if (settled.includes(false)) throw new Error('another process settled what was claimed here')
  for (const { id } of claimed) process.stdout.write(`${id}\n`)
}
process.stdin.destroy()
