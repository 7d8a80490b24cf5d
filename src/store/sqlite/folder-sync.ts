import { closeSync, fsyncSync, openSync } from 'node:fs'
import { dirname } from 'node:path'

/** What file systems answer, and Windows, whose folders need no sync or cannot have one. */
const needless: ReadonlySet<unknown> = new Set(['EINVAL', 'ENOTSUP', 'EISDIR', 'EPERM', 'EACCES'])

/**
 * Lets the names of new files and folders outlive a power cut: a sync of a file is none of its name.
 *
 * @param file - whose folder is synced, and the folders above it as far as they are new
 * @param firstMade - the uppermost folder that was made for the file, if any was
 */
export function syncFolders(file: string, firstMade: string | undefined): void {
  const last = firstMade === undefined ? dirname(file) : dirname(firstMade)
  for (let folder = dirname(file); ; folder = dirname(folder)) {
    syncFolder(folder)
    if (folder === last || folder === dirname(folder)) return
  }
}

function syncFolder(path: string): void {
  try {
    const folder = openSync(path, 'r')
    try {
      fsyncSync(folder)
    } finally {
      closeSync(folder)
    }
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && needless.has(error.code))) throw error
  }
}
