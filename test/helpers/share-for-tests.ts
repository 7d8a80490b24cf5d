import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildProgram } from './built-program.ts'
import { testPostgres } from './postgres.ts'
import { postgresPrograms } from './postgres-programs.ts'

/** Makes once, for all processes that are started from here, what `npm test` needs; a test file that is run alone does without. */
export async function shareForTests(): Promise<AsyncDisposable> {
  await using made = new AsyncDisposableStack()
  await Promise.all([shareProgram(made), sharePostgres(made)])
  return made.move()
}

/** The program as it ships, for those who start it: it does so in a third of the time that the sources take. */
async function shareProgram(made: AsyncDisposableStack): Promise<void> {
  const program = made.use(await buildProgram())
  process.env['CARABINER_TEST_PROGRAM'] = program.main
}

/** The programs of PostgreSQL for those who start one, one that runs for all who do not stop theirs, and in it a store to copy. */
async function sharePostgres(made: AsyncDisposableStack): Promise<void> {
  if (process.env['CARABINER_TEST_POSTGRES'] !== undefined) return
  const folder = mkdtempSync(join(tmpdir(), 'carabiner-tests-'))
  made.defer(() => rmSync(folder, { recursive: true, force: true }))
  chmodSync(folder, 0o755)
  process.env['CARABINER_TEST_POSTGRES_BIN'] = await postgresPrograms(folder)
  const server = made.use(testPostgres({ fsync: false }))
  const store = new URL(await server.database())
  process.env['CARABINER_TEST_POSTGRES_STORE'] = store.pathname.slice(1)
  store.pathname = '/postgres'
  process.env['CARABINER_TEST_POSTGRES'] = store.href
}
