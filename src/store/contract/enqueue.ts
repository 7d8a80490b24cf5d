import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { newDeliveryId } from '../../ids.ts'
import type { NewDelivery, Store } from '../store.ts'
import { aClaim, aDelivery, aMessage, aMessageTo, delivered, noon, second } from './makers.ts'

export function testEnqueue(open: () => Promise<Store>): void {
  describe('enqueue', () => {
    it('keeps a message as it was given, to the byte', async () => {
      await using store = await open()
      const body = Uint8Array.from({ length: 512 }, (_, index) => index % 256)
      const told = { headers: { 'x-emoji': '🪝' }, traceId: 't', depth: 3, tenant: 'acme' }
      const message = aMessage({ body, ...told })

      await store.enqueue([message])

      const { deliveries, ...kept } = message
      const found = await store.delivery(idOf(message))
      assert.deepEqual(plain(found?.message), plain(kept))
      assert.deepEqual(found?.attempts, [])
      assert.deepEqual(found?.delivery, {
        id: deliveries[0]?.id,
        messageId: message.id,
        endpoint: 'hooks/audit',
        state: 'pending',
        attempts: 0,
        dueAt: noon,
        lastError: null,
        createdAt: noon,
        settledAt: null,
        redeliveryOf: null,
      })
    })

    it('keeps an empty body empty', async () => {
      await using store = await open()
      const message = aMessage({ body: new Uint8Array(0) })

      await store.enqueue([message])

      assert.equal((await store.delivery(idOf(message)))?.message.body.byteLength, 0)
    })

    it('keeps nothing of what the caller goes on using', async () => {
      await using store = await open()
      const body = Uint8Array.of(1, 2, 3)
      const headers = { 'x-a': '1' }
      const message = aMessage({ body, headers })

      const stored = store.enqueue([message])
      body[0] = 9
      headers['x-a'] = '9'
      await stored

      const found = await store.delivery(idOf(message))
      assert.deepEqual([...(found?.message.body ?? [])], [1, 2, 3])
      assert.deepEqual({ ...found?.message.headers }, { 'x-a': '1' })
    })

    it('makes one delivery for each endpoint', async () => {
      await using store = await open()

      await store.enqueue([
        aMessage({ deliveries: [aDelivery({ endpoint: 'h/a' }), aDelivery({ endpoint: 'h/b' })] }),
      ])

      const { rows } = await store.deliveries({})
      assert.deepEqual(rows.map((row) => row.endpoint).sort(), ['h/a', 'h/b'])
    })

    it('stores all of a call or nothing', async () => {
      await using store = await open()
      const twice = aDelivery()
      const messages = [aMessage(), aMessage({ deliveries: [twice, twice] })]

      await assert.rejects(store.enqueue(messages), { code: 'USAGE', message: /is stored already/ })

      assert.deepEqual((await store.deliveries({})).rows, [])
    })

    it('stores what other calls of the same turn gave, when one of them is refused', async () => {
      await using store = await open()
      const known = aMessage()
      await store.enqueue([known])

      const results = await Promise.allSettled([
        store.enqueue([aMessage()]),
        store.enqueue([aMessage({ deliveries: known.deliveries })]),
        store.enqueue([aMessage()]),
        store.beat('a', noon),
      ])

      assert.deepEqual(
        results.map((result) => result.status),
        ['fulfilled', 'rejected', 'fulfilled', 'fulfilled'],
      )
      assert.equal((await store.deliveries({})).rows.length, 3)
    })

    it('adds a delivery to a message that is stored already', async () => {
      await using store = await open()
      const message = aMessage()
      await store.enqueue([message])
      const again = aDelivery({ redeliveryOf: idOf(message), dueAt: noon + second })

      await store.enqueue([{ ...message, createdAt: noon + second, deliveries: [again] }])

      const found = await store.delivery(again.id)
      assert.equal(found?.delivery.redeliveryOf, idOf(message))
      assert.equal(found?.delivery.createdAt, noon + second)
      assert.equal(found?.message.createdAt, noon)
      assert.equal(found?.message.id, message.id)
    })

    it('refuses another body under the id of a stored message', async () => {
      await using store = await open()
      const message = aMessage()
      await store.enqueue([message])
      const other = { ...message, body: Buffer.from('other'), deliveries: [aDelivery()] }

      await assert.rejects(store.enqueue([other]), { code: 'USAGE', message: /another/ })
    })

    it('gives what is named in `claimed` to its host with the same commit', async () => {
      await using store = await open()
      const message = aMessage({ deliveries: [aDelivery(), aDelivery()] })
      const lease = { owner: 'a', until: noon + 30 * second }

      await store.enqueue([message], { lease, ids: new Set([idOf(message)]) })

      assert.equal((await store.delivery(idOf(message)))?.delivery.state, 'sending')
      const others = await store.claim(aClaim({ owner: 'b' }))
      assert.deepEqual(
        others.map((claimed) => claimed.id),
        [message.deliveries[1]?.id],
      )
    })

    it('stores a fan-out whatever its deliveries are: claimed, waiting, later, in order, oddly named', async () => {
      await using store = await open()
      const many = (prefix: string, fields: Partial<NewDelivery> = {}): NewDelivery[] =>
        Array.from({ length: 40 }, (_, index) =>
          aDelivery({ endpoint: `${prefix}/${index}`, ...fields }),
        )
      const born = many('born')
      const waiting = many('waiting')
      const odd = [...many('🪝'), ...many('later', { dueAt: noon + second })]
      const ordered = aDelivery({ endpoint: 'ordered/1', orderKey: 'k' })
      const deliveries = [ordered, ...born, ...odd, ...waiting]
      const lease = { owner: 'a', until: noon + 30 * second }

      const ids = new Set(born.map(({ id }) => id))
      await store.enqueue([aMessage({ deliveries })], { lease, ids })

      const { rows } = await store.deliveries({ limit: 200 })
      assert.deepEqual(
        new Map(rows.map((row) => [row.id, `${row.endpoint} ${row.state} ${row.dueAt}`])),
        new Map(
          deliveries.map(({ id, endpoint, dueAt }) => [
            id,
            `${endpoint} ${ids.has(id) ? 'sending' : 'pending'} ${dueAt}`,
          ]),
        ),
      )
      const settled = await store.settle(born.map((each) => delivered(each)))
      assert.ok(settled.every((isOurs) => isOurs))
    })

    it('stores nothing of a fan-out with a delivery that is there already', async () => {
      await using store = await open()
      const known = aMessage()
      await store.enqueue([known])
      const deliveries = [...Array.from({ length: 40 }, () => aDelivery()), ...known.deliveries]

      const stored = store.enqueue([aMessage({ deliveries })])

      await assert.rejects(stored, { code: 'USAGE', message: new RegExp(idOf(known)) })
      assert.equal((await store.deliveries({})).rows.length, 1)
    })

    it('refuses to store a delivery with an order key as claimed', async () => {
      await using store = await open()
      const message = aMessageTo({ orderKey: 'k' })
      const lease = { owner: 'a', until: noon + 30 * second }

      const stored = store.enqueue([message], { lease, ids: new Set([idOf(message)]) })

      await assert.rejects(stored, { code: 'USAGE', message: /has an order key/ })
    })

    it('finds nothing under an id that was not stored', async () => {
      await using store = await open()

      assert.equal(await store.delivery(newDeliveryId()), undefined)
    })
  })
}

function idOf(message: ReturnType<typeof aMessage>): ReturnType<typeof newDeliveryId> {
  const [first] = message.deliveries
  if (first === undefined) throw new TypeError('the message has no delivery')
  return first.id
}

/** Without the class of the byte array, which is the store's choice. */
function plain<T extends { body: Uint8Array }>(message: T | undefined): unknown {
  return message && { ...message, body: [...message.body] }
}
