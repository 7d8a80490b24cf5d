import { join } from 'node:path'
import { testStore } from '../../src/store/contract.ts'
import { openStore } from '../../src/store/open-store.ts'
import type { Store } from '../../src/store/store.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'
import { testStoreModel } from './store-model.ts'

const folder = temporaryFolder()
let opened = 0

testStore('sqlite:', openEmpty)
testStoreModel('sqlite:', openEmpty, 25)

function openEmpty(): Promise<Store> {
  opened += 1
  return openStore(`sqlite:${join(folder, `${opened}.db`)}`)
}
