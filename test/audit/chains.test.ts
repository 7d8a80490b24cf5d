import { join } from 'node:path'
import { after } from 'node:test'
import { openStore } from '../../src/store/open-store.ts'
import { testPostgres } from '../helpers/postgres.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'
import { testAuditChains } from './audit-chains.ts'

const server = testPostgres({ fsync: false })
after(() => server[Symbol.asyncDispose]())

testAuditChains('memory:', async () => (audit) => openStore('memory:', { ...(audit && { audit }) }))
testAuditChains('sqlite:', async () => opener(`sqlite:${join(temporaryFolder(), 'store.db')}`))
testAuditChains('postgres:', async () => opener(await server.database()))

function opener(url: string) {
  return (audit = {}) => openStore(url, { audit })
}
