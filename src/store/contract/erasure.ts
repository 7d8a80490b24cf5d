import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { newMessageId } from '../../ids.ts'
import type { RecordPut } from '../records.ts'
import type { Store } from '../store.ts'
import {
  aClaim,
  aClaimed,
  aDelivery,
  aMessage,
  aMessageTo,
  anAttempt,
  aPut,
  delivered,
  noon,
  second,
} from './makers.ts'

export function testErasure(open: () => Promise<Store>): void {
  describe('a message', () => {
    it('tells whose it is, to listings and to whoever sends it', async () => {
      await using store = await open()
      const [deliveryOf] = [aDelivery()]
      await store.enqueue([
        aMessage({ tenant: 'acme', deliveries: [deliveryOf] }),
        aMessageTo({ endpoint: 'h/own' }),
      ])

      const [claimed] = await store.claim(aClaim())
      const [own] = await store.claim(aClaim({ endpoint: 'h/own' }))

      assert.equal(claimed?.message.tenant, 'acme')
      assert.equal(own?.message.tenant, null)
      const found = await store.delivery(deliveryOf.id)
      assert.equal(found?.message.tenant, 'acme')
      assert.equal(found?.erasedAt, null)
    })
  })

  describe('erase', () => {
    it('removes what a message said, and what was answered; the rows stay', async () => {
      await using store = await open()
      const claimed = await aClaimed(store)
      const retry = { kind: 'pending', dueAt: noon, reason: 'answered 503' } as const
      await store.settle([delivered(claimed, { next: retry })])
      await store.claim(aClaim())
      const attempt = anAttempt({ number: 2 })
      await store.settle([delivered(claimed, { attempt })])
      const { id } = claimed.message

      const erasure = await store.erase({ kind: 'message', id }, noon + second, 10)

      assert.deepEqual(erasure, { messages: 1, cancelled: 0, records: 0 })
      const found = await store.delivery(claimed.id)
      assert.equal(found?.erasedAt, noon + second)
      assert.equal(found?.message.body.byteLength, 0)
      assert.deepEqual(found?.message.headers, {})
      assert.equal(found?.message.type, 'after:adjust')
      assert.equal(found?.delivery.state, 'delivered')
      const gone = { responseHeaders: null, responseBody: null }
      assert.deepEqual(found?.attempts, [
        { ...anAttempt(), ...gone },
        { ...attempt, ...gone },
      ])
    })

    it('cancels what waits', async () => {
      await using store = await open()
      const message = aMessage({ deliveries: [aDelivery(), aDelivery({ endpoint: 'h/b' })] })
      await store.enqueue([message])

      const erasure = await store.erase({ kind: 'message', id: message.id }, noon + second, 10)

      assert.deepEqual(erasure, { messages: 1, cancelled: 2, records: 0 })
      const { rows } = await store.deliveries({ state: 'cancelled' })
      assert.deepEqual(
        rows.map(({ lastError, settledAt }) => [lastError, settledAt]),
        [
          ['erased', noon + second],
          ['erased', noon + second],
        ],
      )
      assert.deepEqual(await store.claim(aClaim()), [])
      assert.equal(await store.nextDueAt(['hooks/audit', 'h/b']), null)
    })

    it('cancels what is being sent: its settlement is refused, its answer not recorded', async () => {
      await using store = await open()
      const claimed = await aClaimed(store)

      const erasure = await store.erase({ kind: 'message', id: claimed.message.id }, noon, 10)

      assert.deepEqual(erasure, { messages: 1, cancelled: 1, records: 0 })
      assert.deepEqual(await store.settle([delivered(claimed)]), [false])
      assert.deepEqual([...(await store.renew([claimed.id], { owner: 'a', until: noon }))], [])
      assert.equal(await store.recover(noon + 3600 * second), 0)
      const found = await store.delivery(claimed.id)
      assert.equal(found?.delivery.state, 'cancelled')
      assert.deepEqual(found?.attempts, [])
    })

    it('lets the next of an order key go', async () => {
      await using store = await open()
      const messages = [1, 2, 3].map(() => aMessageTo({ orderKey: 'k' }))
      await store.enqueue(messages)
      const [first, second_, third] = messages
      assert.ok(first && second_ && third)

      await store.erase({ kind: 'message', id: second_.id }, noon, 1)
      assert.deepEqual(messageIds(await store.claim(aClaim())), [first.id])
      await store.erase({ kind: 'message', id: first.id }, noon, 1)

      assert.deepEqual(messageIds(await store.claim(aClaim())), [third.id])
    })

    it('finds everything of a tenant, a few at a time, and nothing of another', async () => {
      await using store = await open()
      const of = (tenant: string | null): ReturnType<typeof aMessage> => aMessage({ tenant })
      await store.enqueue([of('acme'), of('acme'), of('other'), of('acme'), of(null)])
      const tenant = { kind: 'tenant', tenant: 'acme' } as const

      assert.deepEqual(await store.erase(tenant, noon, 2), {
        messages: 2,
        cancelled: 2,
        records: 0,
      })
      assert.deepEqual(await store.erase(tenant, noon, 2), {
        messages: 1,
        cancelled: 1,
        records: 0,
      })
      assert.deepEqual(await store.erase(tenant, noon, 2), {
        messages: 0,
        cancelled: 0,
        records: 0,
      })

      const left = await store.claim(aClaim())
      assert.deepEqual(left.map((each) => each.message.tenant).sort(), [null, 'other'].sort())
      assert.ok(left.every((each) => each.message.body.byteLength > 0))
    })

    it('erases once, and knows nothing of a message that is not there', async () => {
      await using store = await open()
      const message = aMessage()
      await store.enqueue([message])
      const target = { kind: 'message', id: message.id } as const
      await store.erase(target, noon, 10)

      assert.deepEqual(await store.erase(target, noon + second, 10), {
        messages: 0,
        cancelled: 0,
        records: 0,
      })
      const unknown = { kind: 'message', id: newMessageId() } as const
      assert.deepEqual(await store.erase(unknown, noon, 10), {
        messages: 0,
        cancelled: 0,
        records: 0,
      })
      const id = message.deliveries[0]?.id
      assert.equal(id && (await store.delivery(id))?.erasedAt, noon)
    })

    it('empties records of the tenant and of the message, a few at a time; their rows stay', async () => {
      await using store = await open()
      const message = aMessage()
      const content = Buffer.from('hush')
      await store.writeRecords([
        aPut('a', { tenant: 'acme', content, value: { kept: true } }),
        aPut('b', { tenant: 'acme', content }),
        aPut('c', { tenant: 'acme', content }),
        aPut('other', { tenant: 'other', content }),
        aPut('told', { tenant: 'other', messageId: message.id, content }),
        aPut('empty', { tenant: 'acme' }),
      ])
      const tenant = { kind: 'tenant', tenant: 'acme' } as const
      const ofMessage = { kind: 'message', id: message.id } as const

      const counts = [
        await store.erase(tenant, noon, 2),
        await store.erase(tenant, noon, 2),
        await store.erase(tenant, noon, 2),
        await store.erase(ofMessage, noon + second, 2),
        await store.erase(ofMessage, noon + second, 2),
      ]

      assert.deepEqual(
        counts.map(({ records }) => records),
        [2, 1, 0, 1, 0],
      )
      const ids = ['a', 'b', 'c', 'other', 'told', 'empty']
      const records = await store.records('c/things', ids)
      assert.deepEqual(
        records.map((record) => [record?.content === null, record?.erasedAt, record?.version]),
        [
          [true, noon, 2],
          [true, noon, 2],
          [true, noon, 2],
          [false, null, 1],
          [true, noon + second, 2],
          [true, null, 1],
        ],
      )
      assert.deepEqual(records[0]?.value, { kept: true })
    })

    it('takes the text with which a record is listed, and leaves it where it stands', async () => {
      await using store = await open()
      const message = aMessage()
      const told = (id: string, fields: Partial<RecordPut> = {}): RecordPut =>
        aPut(id, { content: Buffer.from('hush'), listed: aboutAnna, ...fields })
      await store.writeRecords([
        told('a', { messageId: message.id }),
        told('b', { tenant: 'acme' }),
        told('c'),
        told('without content', { tenant: 'acme', content: null }),
      ])
      const found = async (text: string): Promise<readonly string[]> => {
        const order = { by: 'made', direction: 'ascending' } as const
        const facets = { kind: 'x' }
        const query = { collection: 'c/things', facets, text, order, offset: 0, limit: 9 }
        const { records, total } = await store.listRecords(query)
        assert.equal(records.length, total)
        return records.map(({ id }) => id)
      }
      assert.deepEqual(await found('anna@exa'), ['a', 'b', 'c', 'without content'])

      await store.erase({ kind: 'message', id: message.id }, noon, 1)
      assert.deepEqual(await found('anna@exa'), ['b', 'c', 'without content'])
      await store.erase({ kind: 'tenant', tenant: 'acme' }, noon, 9)

      assert.deepEqual(await found('anna@exa'), ['c', 'without content'])
      assert.deepEqual(await found('an'), ['c', 'without content'])
      assert.deepEqual(await found(''), ['a', 'b', 'c', 'without content'])
      await store.writeRecords([told('a', { listed: { ...aboutAnna, text: 'of Bob' } })])
      assert.deepEqual(await found('bob'), ['a'])
    })

    it('is told by a record until it gets content anew', async () => {
      await using store = await open()
      await store.writeRecords([aPut('a', { tenant: 'acme', content: Buffer.from('hush') })])
      await store.erase({ kind: 'tenant', tenant: 'acme' }, noon, 1)

      await store.writeRecords([aPut('a', { tenant: 'acme' })])
      const [told] = await store.records('c/things', ['a'])
      await store.writeRecords([aPut('a', { tenant: 'acme', content: Buffer.from('more') })])
      const [anew] = await store.records('c/things', ['a'])

      assert.equal(told?.erasedAt, noon)
      assert.equal(anew?.erasedAt, null)
      assert.equal((await store.erase({ kind: 'tenant', tenant: 'acme' }, noon, 9)).records, 1)
    })

    it('refuses further deliveries of what was erased, with the body or without', async () => {
      await using store = await open()
      const message = aMessage()
      await store.enqueue([message])
      await store.erase({ kind: 'message', id: message.id }, noon, 1)

      for (const body of [message.body, new Uint8Array()]) {
        const again = { ...message, body, deliveries: [aDelivery()] }
        await assert.rejects(store.enqueue([aMessage(), again]), {
          code: 'MESSAGE_ERASED',
          message: /erased/,
        })
      }
      assert.equal((await store.deliveries({})).rows.length, 1)
    })
  })
}

const aboutAnna = {
  facets: { kind: 'x' },
  times: { made: noon },
  text: 'from Anna@example.com',
} satisfies RecordPut['listed']

function messageIds(claimed: readonly { readonly message: { readonly id: string } }[]): string[] {
  return claimed.map(({ message }) => message.id)
}
