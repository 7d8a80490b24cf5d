import { mkdir, stat, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { CarabinerError, messageOf } from '../errors.ts'

/**
 * Writes a file the user named, and the folders above it.
 *
 * @param mode - permissions; the usual ones when it is left out
 * @throws {CarabinerError} USAGE when it cannot be written
 */
export async function writeText(file: string, text: string, mode?: number): Promise<void> {
  try {
    await makeFolder(dirname(file))
    await writeFile(file, text, mode === undefined ? {} : { mode })
  } catch (error) {
    throw new CarabinerError('USAGE', `cannot write ${file}: ${messageOf(error)}`, { cause: error })
  }
}

/** Makes a folder and those above it. Node's `recursive` never ends where a folder is there and takes no others, as in /proc. */
async function makeFolder(folder: string): Promise<void> {
  if (await isFolder(folder)) return
  const above = dirname(folder)
  if (above !== folder) await makeFolder(above)
  await mkdir(folder).catch(async (error: unknown) => {
    // Somebody else may have made it meanwhile.
    if (!(await isFolder(folder))) throw error
  })
}

async function isFolder(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined) // what cannot be looked at is told by `mkdir`
  return found?.isDirectory() === true
}
