import { after } from 'node:test'
import { testStore } from '../../src/store/contract.ts'
import { openStore } from '../../src/store/open-store.ts'
import type { Store } from '../../src/store/store.ts'
import { testPostgres } from '../helpers/postgres.ts'
import { testRecordListModel } from './record-list-model.ts'
import { testRecordModel } from './record-model.ts'
import { testStoreModel } from './store-model.ts'

const server = testPostgres({ fsync: false })
const url = server.database()
after(() => server[Symbol.asyncDispose]())

testStore('postgres:', openEmpty)
testStoreModel('postgres:', openEmpty, 10)
testRecordModel('postgres:', openEmpty, 10)
testRecordListModel('postgres:', openEmpty, 4)

/** One after the other has the same database: a new one takes longer than a test. */
async function openEmpty(): Promise<Store> {
  await server.emptyStore(await url)
  return openStore(await url)
}
