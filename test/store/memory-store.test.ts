import { testStore } from '../../src/store/contract.ts'
import { openStore } from '../../src/store/open-store.ts'
import { testRecordListModel } from './record-list-model.ts'
import { testRecordModel } from './record-model.ts'
import { testStoreModel } from './store-model.ts'

testStore('memory:', () => openStore('memory:'))
testStoreModel('memory:', () => openStore('memory:'), 200)
testRecordModel('memory:', () => openStore('memory:'), 300)
testRecordListModel('memory:', () => openStore('memory:'), 100)
