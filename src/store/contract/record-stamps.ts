import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { RecordWrite } from '../records.ts'
import type { Store } from '../store.ts'
import { aMessage, aPut, aRemoval, noon } from './makers.ts'

const things = 'c/things'

/** A store may have none to tell; what it tells has to be true. */
export function testRecordStamps(open: () => Promise<Store>): void {
  describe('recordStamp', () => {
    const changes: Readonly<Record<string, (store: Store) => Promise<unknown>>> = {
      'a new record': (store) => store.writeRecords([aPut('b')]),
      'another value': (store) => store.writeRecords([aPut('a', { value: 'other' })]),
      'a patch': (store) => store.writeRecords([aPatch()]),
      'a removal': (store) => store.writeRecords([aRemoval('a')]),
      'a message that brings one along': (store) =>
        store.enqueue([aMessage()], undefined, { records: [aPut('b')] }),
      'its end': (store) => store.expireRecords(noon + 2_000, 10),
      'an erasure': (store) => store.erase({ kind: 'tenant', tenant: 't' }, noon, 10),
    }
    for (const [name, change] of Object.entries(changes)) {
      it(`is another one after ${name}`, async () => {
        await using store = await open()
        const content = Buffer.from('what is erased')
        await store.writeRecords([
          aPut('a', { value: { n: 1 }, tenant: 't', content, expiresAt: noon + 1_000 }),
        ])
        const before = store.recordStamp(things)
        const found = await store.records(things, ['a', 'b'])

        await change(store)

        assert.notDeepEqual(await store.records(things, ['a', 'b']), found)
        const after = store.recordStamp(things)
        assert.ok(before === undefined ? after === undefined : after !== before)
      })
    }

    it('stays while nothing of the collection changes', async () => {
      await using store = await open()
      await store.writeRecords([aPut('a')])
      const before = store.recordStamp(things)

      await store.writeRecords([aPut('a', { collection: 'c/other' })])
      await store.enqueue([aMessage()])
      await store.records(things, ['a'])

      assert.equal(store.recordStamp(things), before)
    })
  })
}

function aPatch(): RecordWrite {
  return { kind: 'patch', collection: things, id: 'a', set: { n: 2 } }
}
