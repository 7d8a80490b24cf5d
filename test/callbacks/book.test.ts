import { join } from 'node:path'
import { after } from 'node:test'
import { openStore } from '../../src/store/open-store.ts'
import { testPostgres } from '../helpers/postgres.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'
import { testCallbackBook } from './book-suite.ts'

const folder = temporaryFolder()
const server = testPostgres({ fsync: false })
after(() => server[Symbol.asyncDispose]())
const postgresUrl = server.database()
let opened = 0

testCallbackBook('memory:', (clock) => openStore('memory:', { clock }))
testCallbackBook('sqlite:', (clock) => {
  opened += 1
  return openStore(`sqlite:${join(folder, `${opened}.db`)}`, { clock })
})
testCallbackBook('postgres:', async (clock) => {
  const url = await postgresUrl
  await server.emptyStore(url)
  return openStore(url, { clock })
})
