import { statSync } from 'node:fs'
import type { Clock } from '../../clock.ts'
import { storeUnavailable } from '../unavailable.ts'

/** How often the file is looked at, in milliseconds. */
const intervalMs = 1000

/**
 * Notices, within a second, that the file was removed or replaced.
 *
 * SQLite itself goes on writing to a file without a name, and says nothing: all of it would be lost.
 *
 * @returns what throws STORE_UNAVAILABLE when the file is not the one that was opened
 */
export function fileGuard(path: string, clock: Clock): () => void {
  const opened = identityOf(path)
  let lookedAt = clock.monotonic()
  let gone = false

  return () => {
    if (gone || clock.monotonic() - lookedAt >= intervalMs) {
      lookedAt = clock.monotonic()
      gone = identityOf(path) !== opened
    }
    if (gone) throw storeUnavailable(`${path} is not the file that was opened: removed or replaced`)
  }
}

function identityOf(path: string): string | undefined {
  const stat = statSync(path, { throwIfNoEntry: false })
  return stat === undefined ? undefined : `${stat.dev}:${stat.ino}`
}
