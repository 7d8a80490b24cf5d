/** A process that writes until it is killed, and prints `<state> <id>` after each commit: what is printed has to last. */
import { writeSync } from 'node:fs'
import { aClaim, aMessage, delivered, noon } from '../../src/store/contract/makers.ts'
import { openSharedStore } from '../../src/store/open-store.ts'

await using store = await openSharedStore(process.argv[2] ?? '')
await store.beat('a', noon)

for (;;) {
  const messages = Array.from({ length: 5 }, () => aMessage())
  await Promise.all(messages.map((message) => store.enqueue([message])))
  tell(
    'stored',
    messages.flatMap((message) => message.deliveries),
  )
  const claimed = await store.claim(aClaim({ limit: 4 }))
  tell('sending', claimed)
  const [first, second] = claimed
  if (first === undefined || second === undefined) throw new Error('nothing to claim')
  await store.settle([delivered(first), delivered(second)])
  tell('delivered', [first, second])
}

function tell(state: string, deliveries: readonly { readonly id: string }[]): void {
  for (const { id } of deliveries) writeSync(1, `${state} ${id}\n`)
}
