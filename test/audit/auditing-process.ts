/** A process that writes to the audit trail until it is killed, and prints the id of each row once it is stored. */
import { writeSync } from 'node:fs'
import { aMessage, anAuditRow } from '../../src/store/contract/makers.ts'
import { openSharedStore } from '../../src/store/open-store.ts'

await using store = await openSharedStore(process.argv[2] ?? '', { audit: { writer: 'shop' } })

for (;;) {
  const rows = Array.from({ length: 5 }, () => anAuditRow())
  await Promise.all(
    rows.map((row, index) =>
      index % 2 === 0
        ? store.audit([row])
        : store.enqueue([aMessage()], undefined, { audit: [row] }),
    ),
  )
  for (const { id } of rows) writeSync(1, `${id}\n`)
}
