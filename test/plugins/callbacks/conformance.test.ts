import { after, describe, it } from 'node:test'
import type { CallbackStore } from '../../../src/callbacks/callback-book.ts'
import type { CallbackRoutesConfig } from '../../../src/callbacks/callback-http.ts'
import { callbackConformance } from '../../../src/callbacks/conformance/conformance.ts'
import type { CallbackServer } from '../../../src/callbacks/conformance/subject.ts'
import { openStore } from '../../../src/store/open-store.ts'
import type { Store } from '../../../src/store/store.ts'
import { startCallbacks } from './callbacks-host.ts'

const store = await openStore('memory:')

describe('callbacks over HTTP, in our own server', { concurrency: 8 }, () => {
  const conformance = callbackConformance({ store, start })
  after(() => conformance[Symbol.asyncDispose]())

  for (const each of conformance.cases) it(each.name, () => each.run())
})

async function start(given: CallbackStore, config: CallbackRoutesConfig): Promise<CallbackServer> {
  const host = await startCallbacks({ stanza: stanzaOf(config), opened: withCallbacksIn(given) })
  return { url: host.project.url, [Symbol.asyncDispose]: () => host[Symbol.asyncDispose]() }
}

function stanzaOf({ secret, allowUnsigned, signatures, pathPrefix }: CallbackRoutesConfig): string {
  const given = {
    secret,
    allow_unsigned: allowUnsigned,
    signatures,
    path_prefix: pathPrefix,
    sweep: '1h',
  }
  return Object.entries(given)
    .flatMap(([key, value]) => (value === undefined ? [] : [`${key}: ${JSON.stringify(value)}`]))
    .join('\n')
}

/** The store of all hosts, whose callbacks, and they alone, are kept where the case wants them. It outlives them. */
function withCallbacksIn(callbacks: CallbackStore): Store {
  const collection = 'callbacks'
  const own: Pick<Store, keyof CallbackStore | typeof Symbol.asyncDispose> = {
    records: (name, ids) => (name === collection ? callbacks : store).records(name, ids),
    findRecords: (query) =>
      (query.collection === collection ? callbacks : store).findRecords(query),
    writeRecords: (writes) => (areOfCallbacks(writes) ? callbacks : store).writeRecords(writes),
    enqueue: (messages, claimed, beside = {}) =>
      (areOfCallbacks(beside.records ?? []) ? callbacks : store).enqueue(messages, claimed, beside),
    async [Symbol.asyncDispose]() {},
  }
  const areOfCallbacks = (writes: readonly { readonly collection: string }[]): boolean =>
    writes.some((write) => write.collection === collection)
  return new Proxy(store, {
    get(target, key) {
      const found: unknown = Reflect.get(Object.hasOwn(own, key) ? own : target, key)
      return typeof found === 'function' ? found.bind(target) : found
    },
  })
}
