// What `npm test` makes once for all test files. A file that is run alone does without.
import { buildProgram } from './built-program.ts'
import { testPostgres } from './postgres.ts'

const made = new AsyncDisposableStack()

export async function globalSetup(): Promise<void> {
  await Promise.all([shareProgram(), sharePostgres()])
}

export async function globalTeardown(): Promise<void> {
  await made.disposeAsync()
}

/** The program as it ships, for those who start it: it does so in a third of the time that the sources take. */
async function shareProgram(): Promise<void> {
  const program = made.use(await buildProgram())
  process.env['CARABINER_TEST_PROGRAM'] = program.main
}

/** One PostgreSQL for all who do not stop theirs, and in it a store to copy. */
async function sharePostgres(): Promise<void> {
  if (process.env['CARABINER_TEST_POSTGRES'] !== undefined) return
  const server = made.use(testPostgres({ fsync: false }))
  const store = new URL(await server.database())
  process.env['CARABINER_TEST_POSTGRES_STORE'] = store.pathname.slice(1)
  store.pathname = '/postgres'
  process.env['CARABINER_TEST_POSTGRES'] = store.href
}
