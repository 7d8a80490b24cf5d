import { mkdir, writeFile } from 'node:fs/promises'
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
    await mkdir(dirname(file), { recursive: true })
    await writeFile(file, text, mode === undefined ? {} : { mode })
  } catch (error) {
    throw new CarabinerError('USAGE', `cannot write ${file}: ${messageOf(error)}`, { cause: error })
  }
}
