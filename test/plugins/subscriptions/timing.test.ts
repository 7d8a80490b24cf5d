import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { temporaryFolder } from '../../helpers/temporary-folder.ts'
import { type Api, rivalKey, startApi } from './api.ts'

const subscriptions = '/v1/webhooks/subscriptions'
const events = '/v1/webhooks/events'
const nobody = '0198a6a2-8b1c-7c0e-9a54-0d8d6a0b8d11'

/** Of each kind of call. The share below then strays by 0.045; the margin is more than four times that. */
const calls = 80
const margin = 0.2

describe('the time of an answer', () => {
  const folder = temporaryFolder()
  let api: Api
  before(async () => {
    api = await startApi({ store: `sqlite:${folder}/hooks.db` })
  })
  after(() => api[Symbol.asyncDispose]())

  it('of a 404 does not tell a subscription of somebody else from none', async () => {
    const id = await api.subscribe('http://127.0.0.1:9/', { event_types: ['other.type'] })

    await assertAlike(
      () => timeOf(404, `${subscriptions}/${id}`),
      () => timeOf(404, `${subscriptions}/${nobody}`),
    )
  })

  it('of a 404 does not tell an event of somebody else from none, however large', async () => {
    const payload = { text: 'x'.repeat(120_000) }
    const { event_id: id } = await api.publish({ payload })

    await assertAlike(
      () => timeOf(404, `${events}/${id}`),
      () => timeOf(404, `${events}/${nobody}`),
    )
  })

  it('of a 403 does not tell an owner who has something from one who has nothing', async () => {
    await api.publish()

    await assertAlike(
      () => timeOf(403, `${events}/${nobody}`, { 'x-owner-agent': 'agent://acme/ops' }),
      () => timeOf(403, `${events}/${nobody}`, { 'x-owner-agent': 'agent://acme/no' }),
    )
  })

  it('would be found out where it strays by 20 % and is 10 % longer', () => {
    const times = Array.from({ length: calls }, (_, n) => 90 + (n * 20) / calls)
    const longer = times.map((ms) => ms * 1.1)

    assert.ok(shareLonger(longer, times) - 0.5 > margin)
    assert.ok(Math.abs(shareLonger(times, times.toReversed()) - 0.5) < 0.01)
  })

  async function timeOf(status: number, path: string, headers = {}): Promise<number> {
    const startedAt = performance.now()
    const answered = await api.call('GET', path, { key: rivalKey, headers })
    const ms = performance.now() - startedAt
    assert.equal(answered.status, status)
    return ms
  }
})

type Timed = () => Promise<number>

/** Calls both in turns whose order is left to chance, and compares how often one takes longer than the other. */
async function assertAlike(one: Timed, other: Timed): Promise<void> {
  const times: { readonly one: number[]; readonly other: number[] } = { one: [], other: [] }
  for (let n = 0; n < calls / 4; n += 1) {
    await one()
    await other()
  }
  for (let n = 0; n < calls; n += 1) {
    const isFirst = Math.random() < 0.5
    if (isFirst) times.one.push(await one())
    times.other.push(await other())
    if (!isFirst) times.one.push(await one())
  }

  const share = shareLonger(times.one, times.other)
  assert.ok(Math.abs(share - 0.5) < margin, `one takes longer in ${share} of all pairs`)
}

/** In how many of all pairs the one takes longer: 0.5 when nobody can tell them apart. */
function shareLonger(ones: readonly number[], others: readonly number[]): number {
  const longer = ones.map((one) => others.filter((other) => one > other).length)
  return longer.reduce((total, count) => total + count, 0) / (ones.length * others.length)
}
