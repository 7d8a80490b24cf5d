import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { MatchingLooks } from '../../../plugins/subscriptions/matching-looks.ts'
import { temporaryFolder } from '../../helpers/temporary-folder.ts'
import { startApi } from './api.ts'

const url = 'http://127.0.0.1:9/'

describe('an event that is published again and again on one of two hosts with one SQLite file', () => {
  it('goes to whom the other host has subscribed meanwhile, and to nobody whom it has revoked', async () => {
    const store = `sqlite:${temporaryFolder()}/store.db`
    await using here = await startApi({ store })
    await using there = await startApi({ store })
    const queued = async (): Promise<unknown> => (await here.publish())['queued_deliveries']

    const counts = [await queued(), await queued()]
    const first = await there.subscribe(`${url}a`)
    counts.push(await queued(), await queued())
    await here.subscribe(`${url}b`)
    counts.push(await queued(), await queued())
    await there.ok('DELETE', `/v1/webhooks/subscriptions/${first}`)
    counts.push(await queued())

    assert.deepEqual(counts, [0, 0, 1, 1, 2, 2, 1])
  })
})

describe('who gets an event', () => {
  it('is looked up again only when something was written', async () => {
    let stamp: string | undefined = '1'
    const looks = new MatchingLooks(() => stamp)
    let made = 0
    const ask = (owner: string) =>
      looks.ask(owner, 'order.created', async () => {
        made += 1
        return []
      })

    await ask('a')
    await ask('a')
    assert.equal(made, 1)
    await ask('b')
    assert.equal(made, 2)
    stamp = '2'
    await ask('a')
    assert.equal(made, 3)
    stamp = undefined
    await ask('a')
    await ask('a')
    assert.equal(made, 5)
  })

  it('is looked up again when something was written while it was looked up', async () => {
    let stamp = '1'
    const looks = new MatchingLooks(() => stamp)
    let made = 0
    const ask = () =>
      looks.ask('a', 'order.created', async () => {
        made += 1
        stamp = '2'
        return []
      })

    await ask()
    await ask()
    await ask()
    assert.equal(made, 2)
  })

  it('is kept of a bounded number of subscriptions', async () => {
    const looks = new MatchingLooks(() => '1')
    let made = 0
    const ask = (owner: number) =>
      looks.ask(String(owner), 'order.created', async () => {
        made += 1
        return []
      })

    for (let owner = 0; owner < 20_001; owner += 1) await ask(owner)
    await ask(20_000)
    assert.equal(made, 20_001)
    await ask(0)
    assert.equal(made, 20_002)
  })
})
