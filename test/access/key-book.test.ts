import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { actsFor, hasScope } from '../../src/access/api-key.ts'
import { KeyBook } from '../../src/access/key-book.ts'
import { FakeClock } from '../helpers/fake-clock.ts'
import { first, sharedStores } from './stores.ts'

const noon = Date.UTC(2026, 0, 1, 12)

for (const { name, open } of sharedStores()) {
  describe(`a key book on ${name}`, () => {
    it('finds a key by its secret alone, and keeps no secret', async () => {
      await using store = first(await open(1))
      const book = new KeyBook(store, new FakeClock(noon))

      const { key, secret } = await book.create({ owner: 'agent://acme/ops' }, 'ada')

      assert.match(secret, /^cbk_[\w-]{43}$/)
      assert.deepEqual(await book.find(secret), key)
      assert.equal(await book.find(`${secret}x`), undefined)
      assert.deepEqual(key, {
        id: key.id,
        owner: 'agent://acme/ops',
        scopes: 'all',
        mayActFor: [],
        name: null,
        createdAt: noon,
        revokedAt: null,
      })
      const kept = JSON.stringify(await store.records('api-keys', [key.id]))
      assert.ok(!kept.includes(secret))
    })

    it('ends a key for every host at once, and only once', async () => {
      const [here, there] = await open(2)
      assert.ok(here && there)
      await using _here = here
      await using _there = there
      const clock = new FakeClock(noon)
      const book = new KeyBook(here, clock)
      const { key, secret } = await book.create({ owner: 'agent://acme/ops' }, 'ada')

      const revoked = await book.revoke(key.id, 'ada')
      await clock.advance(1_000)
      const again = await new KeyBook(there, clock).revoke(key.id, 'bob')

      assert.equal(revoked?.revokedAt, noon)
      assert.deepEqual(again, revoked)
      assert.equal(await new KeyBook(there, clock).find(secret), undefined)
      const { rows } = await there.auditTrail({ entityId: key.id })
      assert.deepEqual(rows.map(({ action, actor }) => [action, actor]).sort(), [
        ['key.created', 'ada'],
        ['key.revoked', 'ada'],
      ])
    })

    it('lists keys newest first, without what they are found by', async () => {
      await using store = first(await open(1))
      const clock = new FakeClock(noon)
      const book = new KeyBook(store, clock)
      const older = await book.create({ owner: 'agent://acme/ops', name: 'old' }, 'ada')
      await clock.advance(1)
      const newer = await book.create(
        { owner: 'agent://acme/ci', scopes: ['events:publish'], mayActFor: ['agent://acme/*'] },
        'ada',
      )

      assert.deepEqual(await book.list(), [newer.key, older.key])
    })

    for (const [wanted, message] of [
      [{ owner: 'x' }, /the owner of a key: expected 3 to 255 visible characters, got `x`/],
      [{ owner: 'acme', scopes: ['Events'] }, /the scope of a key: .*got `Events`/],
      [{ owner: 'acme', mayActFor: ['*'] }, /the owners of a key: .*got `\*`/],
      [{ owner: 'acme', name: '' }, /the name of a key: /],
    ] as const) {
      it(`refuses ${JSON.stringify(wanted)}`, async () => {
        await using store = first(await open(1))
        const book = new KeyBook(store, new FakeClock(noon))

        await assert.rejects(book.create(wanted, 'ada'), { code: 'USAGE', message })
        assert.deepEqual(await book.list(), [])
      })
    }
  })
}

describe('a key', () => {
  it('acts for its owner and for those its patterns match', () => {
    const key = { owner: 'agent://acme/ops', mayActFor: ['agent://acme/*', 'agent://b/c'] }

    const owners = ['agent://acme/ops', 'agent://acme/ci', 'agent://b/c', 'agent://b/cc', 'acme']
    assert.deepEqual(
      owners.map((owner) => actsFor(key, owner)),
      [true, true, true, false, false],
    )
  })

  it('may do what its scopes name, or everything', () => {
    assert.ok(hasScope({ scopes: 'all' }, 'read'))
    assert.ok(hasScope({ scopes: ['read'] }, 'read'))
    assert.ok(!hasScope({ scopes: [] }, 'read'))
  })
})
