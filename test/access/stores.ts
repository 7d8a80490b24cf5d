import { join } from 'node:path'
import { after } from 'node:test'
import { openStore } from '../../src/store/open-store.ts'
import type { Store } from '../../src/store/store.ts'
import { testPostgres } from '../helpers/postgres.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'

/** A kind of store that several hosts open at once. */
export interface SharedStore {
  readonly name: string
  /** A new, empty one, as often as it is to be opened. */
  open(hosts: number): Promise<readonly Store[]>
}

/** Every kind of store; `memory:` is one host's alone, so its hosts have the same. */
export function sharedStores(): readonly SharedStore[] {
  const server = testPostgres({ fsync: false })
  after(() => server[Symbol.asyncDispose]())
  const openAll = (url: string, hosts: number): Promise<Store[]> =>
    Promise.all(Array.from({ length: hosts }, () => openStore(url)))
  return [
    {
      name: 'memory:',
      async open(hosts) {
        const store = await openStore('memory:')
        return Array.from({ length: hosts }, () => store)
      },
    },
    {
      name: 'sqlite:',
      open: (hosts) => openAll(`sqlite:${join(temporaryFolder(), 'store.db')}`, hosts),
    },
    { name: 'postgres:', open: async (hosts) => openAll(await server.database(), hosts) },
  ]
}

/** The first of a list that is not empty. */
export function first<T>([item]: readonly T[]): T {
  if (item === undefined) throw new TypeError('expected at least one')
  return item
}
