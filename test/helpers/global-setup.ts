// What `npm test` starts once for all test files. A file that is run alone does without.
import { type TestPostgres, testPostgres } from './postgres.ts'

let server: TestPostgres | undefined

/** One PostgreSQL for all who do not stop theirs, and in it a store to copy. */
export async function globalSetup(): Promise<void> {
  if (process.env['CARABINER_TEST_POSTGRES'] !== undefined) return
  server = testPostgres({ fsync: false })
  const store = new URL(await server.database())
  process.env['CARABINER_TEST_POSTGRES_STORE'] = store.pathname.slice(1)
  store.pathname = '/postgres'
  process.env['CARABINER_TEST_POSTGRES'] = store.href
}

export async function globalTeardown(): Promise<void> {
  await server?.[Symbol.asyncDispose]()
}
