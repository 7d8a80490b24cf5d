import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { openStore } from '../../src/store/open-store.ts'
import { carabiner, carabinerJson } from '../helpers/cli.ts'
import { storeDead } from '../helpers/dead-deliveries.ts'
import { type ProjectFolder, projectFolder } from '../helpers/start-host.ts'

const assembly = "host: { store: 'sqlite:./store.db' }\nconnectors: []\n"

describe('carabiner deliveries redeliver', () => {
  it('asks for everything dead, and says how it goes on when no host runs', async () => {
    using folder = await withDead(3)

    const args = ['deliveries', 'redeliver', '--all-dead', '--wait', '0']
    const { code, out, err } = await carabiner(args, { cwd: folder.path })

    assert.equal(code, 0)
    assert.match(out, /: running, 3 matched, 0 to be sent again, 0 left out\n$/)
    assert.match(err, /^0 of 3$/m)
    assert.match(err, /no host has begun with it yet/)
    assert.match(err, /carabiner deliveries stop /)
  })

  it('takes no moment that is none, when it is dispatched by hand', async () => {
    using folder = await withDead(1)

    for (const from of ['2016-12-31T23:59:60Z', '2026-01-01T00:00:00+05']) {
      const params = JSON.stringify({ filter: { state: 'dead', from } })
      const { code, err } = await carabiner(
        ['dispatch', 'deliveries.redeliver', '--params', params],
        { cwd: folder.path },
      )
      assert.equal(code, 1)
      assert.match(err, /\/filter/)
      assert.doesNotMatch(err, /constraint/)
    }
  })

  it('takes a filter, and gives the redelivery as JSON', async () => {
    using folder = await withDead(3)
    const range = ['--from', '2h', '--to', '2038-01-01T00:00:00Z']
    const filter = ['--state', 'dead', '--endpoint', 'webhooks/audit', ...range]

    const { code, json } = await carabinerJson(
      ['deliveries', 'redeliver', ...filter, '--wait', '0'],
      { cwd: folder.path },
    )

    assert.equal(code, 0)
    const { filter: asked, ...shown } = json as Record<string, Record<string, unknown>>
    assert.equal(asked?.['endpoint'], 'webhooks/audit')
    assert.equal(asked['to'], '2038-01-01T00:00:00.000Z')
    assert.deepEqual([shown['state'], shown['matched'], shown['actor']], ['running', 3, 'cli'])
  })

  it('lists redeliveries, and stops one, again and again', async () => {
    using folder = await withDead(3)
    const cwd = folder.path
    const args = ['deliveries', 'redeliver', '--all-dead', '--wait', '0']
    const { json: asked } = await carabinerJson(args, { cwd })
    const { id } = asked as { id: string }

    const stop = await carabinerJson(['deliveries', 'stop', id], { cwd })
    const again = await carabinerJson(['deliveries', 'stop', id], { cwd })
    const list = await carabinerJson(['deliveries', 'redeliveries'], { cwd })
    const table = await carabiner(['deliveries', 'redeliveries'], { cwd })

    assert.equal((stop.json as { state: string }).state, 'stopped')
    assert.deepEqual(again, stop)
    assert.deepEqual(list.json, [stop.json])
    assert.match(table.out, /stopped +dead +3 +0/)
    const { json: audit } = await carabinerJson(['audit', 'list', '--entity', id], { cwd })
    const actions = (audit as { action: string }[]).map(({ action }) => action)
    assert.deepEqual(actions, ['redelivery.stopped', 'redelivery.requested'])
  })

  it('ends with the patience of the user, and leaves it running', async () => {
    using folder = await withDead(3)
    const impatient = new AbortController()
    const args = ['deliveries', 'redeliver', '--all-dead', '--wait', '1h']
    const running = carabiner(args, { cwd: folder.path, signal: impatient.signal })
    impatient.abort()

    const { code, out } = await running

    assert.equal(code, 0)
    assert.match(out, /: running, 3 matched/)
  })

  const wrong = [
    [],
    ['019a0000-0000-7000-8000-000000000001', '--all-dead'],
    ['--all-dead', '--endpoint', 'webhooks/audit'],
    ['--state', 'pending'],
    ['--from', 'yesterday'],
    ['--from', '1h', '--to', '2h'],
    ['--all-dead', '--wait', 'long'],
    ['019a0000-0000-7000-8000-000000000001'],
  ]
  for (const args of wrong) {
    it(`exits 2 for \`redeliver ${args.join(' ')}\``, async () => {
      using folder = projectFolder({ 'carabiner.yaml': assembly })

      const { code, err } = await carabiner(['deliveries', 'redeliver', ...args], {
        cwd: folder.path,
      })

      assert.equal(code, 2)
      assert.match(err, /expected|no delivery/)
    })
  }

  it('refuses an endpoint that is disabled, one delivery or many, as the host does', async () => {
    using folder = await withDead(2)
    const cwd = folder.path
    {
      await using store = await openStore(`sqlite:${folder.file('store.db')}`)
      await store.updateEndpoint('webhooks/audit', { disabledReason: 'it answered 410' })
    }
    const { json: dead } = await carabinerJson(['deliveries', 'list'], { cwd })
    const [{ id = '' } = {}] = dead as { id: string }[]

    for (const which of [[id], ['--endpoint', 'webhooks/audit']]) {
      const { code, err } = await carabiner(['deliveries', 'redeliver', ...which], { cwd })

      assert.equal(code, 1)
      assert.match(
        err,
        /endpoint `webhooks\/audit` takes nothing until it is enabled: it answered 410/,
      )
    }
    const { json: after } = await carabinerJson(['deliveries', 'list'], { cwd })
    assert.deepEqual(after, dead)
  })

  it('exits 2 for a redelivery that does not exist', async () => {
    using folder = projectFolder({ 'carabiner.yaml': assembly })

    const { code, err } = await carabiner(['deliveries', 'stop', 'nope'], { cwd: folder.path })

    assert.equal(code, 2)
    assert.match(err, /no redelivery nope/)
  })
})

describe('carabiner deliveries erase', () => {
  it('erases when it is told yes, and leaves the row as proof', async () => {
    using folder = await withDead(2)
    const cwd = folder.path
    const { json } = await carabinerJson(['deliveries', 'list'], { cwd })
    const [{ id = '', messageId = '' } = {}] = json as { id: string; messageId: string }[]
    const erase = ['deliveries', 'erase', '--message', messageId]

    const declined = await carabiner(erase, { cwd, answer: '' })
    const done = await carabinerJson(erase, { cwd, answer: 'yes' })
    const again = await carabinerJson([...erase, '--yes'], { cwd })
    const shown = await carabiner(['deliveries', 'show', id], { cwd })
    const resend = await carabiner(['deliveries', 'redeliver', id], { cwd })

    assert.deepEqual([declined.code, done.code, again.code], [1, 0, 0])
    assert.deepEqual(done.json, { messages: 1, cancelled: 0, records: 0 })
    assert.deepEqual(again.json, { messages: 0, cancelled: 0, records: 0 })
    assert.match(shown.out, /message +after:adjust, application\/json, erased 20/)
    assert.equal(resend.code, 1)
    assert.match(resend.err, /was erased/)
  })

  it('erases what a tenant was told, and audits it without that', async () => {
    using folder = await withDead(1)
    const cwd = folder.path

    const args = ['deliveries', 'erase', '--tenant', 'acme', '--yes']
    const { code, out } = await carabiner(args, { cwd })

    assert.equal(code, 0)
    assert.match(out, /^erased: 0 messages, 0 records; 0 deliveries cancelled$/m)
    const { json } = await carabinerJson(['audit', 'list', '--entity', 'acme'], { cwd })
    const actions = (json as { action: string }[]).map(({ action }) => action)
    assert.deepEqual(actions, ['tenant.erased', 'tenant.erasure_requested'])
  })

  for (const args of [['--message', 'a'], [], ['--message', 'a', '--tenant', 'b', '--yes']]) {
    it(`exits 2 for \`erase ${args.join(' ')}\` with nobody to ask`, async () => {
      using folder = projectFolder({ 'carabiner.yaml': assembly })

      const { code, err } = await carabiner(['deliveries', 'erase', ...args], { cwd: folder.path })

      assert.equal(code, 2)
      assert.match(err, /expected/)
    })
  }
})

describe('carabiner deliveries', () => {
  it('knows ids however they are written', async () => {
    using folder = await withDead(1)
    const cwd = folder.path
    const { json } = await carabinerJson(['deliveries', 'list'], { cwd })
    const [{ id = '', messageId = '' } = {}] = json as { id: string; messageId: string }[]

    const shown = await carabinerJson(['deliveries', 'show', id.toUpperCase()], { cwd })
    const again = await carabiner(['deliveries', 'redeliver', id.toUpperCase()], { cwd })
    const erased = await carabinerJson(
      ['deliveries', 'erase', '--message', messageId.toUpperCase(), '--yes'],
      { cwd },
    )

    assert.equal((shown.json as { readonly id: string }).id, id)
    assert.match(again.out, new RegExp(`redelivery of ${id}:`))
    assert.deepEqual(erased.json, { messages: 1, cancelled: 1, records: 0 })
  })

  it('lists as many as are asked for, more than the store gives at once', async () => {
    using folder = await withDead(1_001)

    const { json, err } = await carabinerJson(['deliveries', 'list', '--limit', '2000'], {
      cwd: folder.path,
    })

    const ids = (json as readonly { readonly id: string }[]).map(({ id }) => id)
    assert.equal(new Set(ids).size, 1_001)
    assert.equal(err, '')
  })
})

async function withDead(count: number): Promise<ProjectFolder> {
  const folder = projectFolder({ 'carabiner.yaml': assembly })
  await using store = await openStore(`sqlite:${folder.file('store.db')}`)
  await storeDead(store, count)
  return folder
}
