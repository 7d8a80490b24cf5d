import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { openStore } from '../../../../src/store/open-store.ts'
import { carabinerJson } from '../../../helpers/cli.ts'
import { eventually } from '../../../helpers/engine.ts'
import { receiver } from '../../../helpers/receiver.ts'
import { ops } from '../api.ts'
import { anEvent, apiFolder, runApi } from './host.ts'

const events = '/v1/webhooks/events'
const words = 'what-nobody-may-read-again'

describe('carabiner deliveries erase --tenant OWNER', { timeout: 60_000 }, () => {
  it('leaves no payload beside a host that runs, and the counters as they were', async () => {
    await using to = await receiver({ answers: [200, 503] })
    using folder = apiFolder({ store: 'sqlite:./store.db' })
    await using api = await runApi(folder)
    await api.subscribe(to.url)
    const [told, waiting] = [await published(), await published()]

    const erased = await carabinerJson(['deliveries', 'erase', '--tenant', ops, '--yes'], {
      cwd: folder.path,
    })
    const shown = await api.call('GET', `${events}/${told}`)
    const cancelled = await api.call('GET', `${events}/${waiting}`)
    const replays = [
      await api.call('POST', `${events}/${told}/replay`),
      await api.call('POST', `${events}/${waiting}/replay`),
    ]

    assert.deepEqual(erased.json, { messages: 2, cancelled: 1, records: 2 })
    assert.doesNotMatch(shown.text + cancelled.text, new RegExp(words))
    assert.deepEqual([shown.status, shown.json['event']?.['delivered']], [200, 1], shown.text)
    assert.equal(cancelled.json['event']?.['dead_lettered'], 1, cancelled.text)
    assert.deepEqual(
      replays.map(({ status, json }) => [status, json['error']?.['code']]),
      [
        [409, 'event_erased'],
        [409, 'event_erased'],
      ],
    )
    await using store = await openStore(`sqlite:${folder.file('store.db')}`)
    for (const { id, state } of (await store.deliveries({})).rows) {
      const found = await store.delivery(id)
      assert.ok(found && found.erasedAt !== null, state)
      assert.doesNotMatch(Buffer.from(found.message.body).toString(), new RegExp(words))
    }

    async function published(): Promise<string> {
      const before = to.received.length
      const { status, json, text } = await api.publish({ body: anEvent({ words }) })
      assert.equal(status, 200, text)
      await to.requests(before + 1)
      const id = String(json['event_id'])
      await eventually(async () => {
        const { json } = await api.call('GET', `${events}/${id}/deliveries`)
        const { state, attempts } = Object(json['deliveries']?.[0])
        return state !== 'sending' && attempts !== 0
      })
      return id
    }
  })
})
