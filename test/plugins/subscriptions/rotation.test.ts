import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { rotated } from '../../../plugins/subscriptions/rotate.ts'
import { receiver } from '../../helpers/receiver.ts'
import { type Api, startApi } from './api.ts'
import { verdictOf } from './verdict.ts'

const subscriptions = '/v1/webhooks/subscriptions'
const first = 'the-first-secret-of-all'

describe('rotating a secret', () => {
  it('fails no verification under load, of receivers that know the old, the new, or both', {
    timeout: 60_000,
  }, async () => {
    const known = [first]
    const verdicts: string[] = []
    await using endpoint = await receiver({
      answers: [
        (request) => {
          verdicts.push(verdictOf(request, 'standard', known), verdictOf(request, 'axme', known))
          // Within the grace `standard` also satisfies a receiver that was told nothing new.
          verdicts.push(verdictOf(request, 'standard', [first]))
          return 200
        },
      ],
    })
    await using api = await startApi()
    const id = await api.subscribe(endpoint.url, { secret: first })

    const published = publishAll(api, 300)
    for (let times = 0; times < 4; times += 1) {
      const secret = `secret-number-${times}-of-this-test`
      known.push(secret)
      await api.ok('POST', `${subscriptions}/${id}/rotate-secret`, { body: { secret } })
    }
    await published
    await endpoint.requests(300)

    assert.deepEqual(new Set(verdicts), new Set(['verified']))
  })

  it('fails no verification under load of a receiver that checks axme alone, if it learns the new secret first', {
    timeout: 60_000,
  }, async () => {
    let accepted = [first]
    const verdicts: string[] = []
    await using endpoint = await receiver({
      answers: [
        (request) => {
          verdicts.push(verdictOf(request, 'axme', accepted))
          return 200
        },
      ],
    })
    await using api = await startApi({ stanza: 'signatures: [axme]' })
    const id = await api.subscribe(endpoint.url, { secret: first })

    for (const round of [1, 2, 3]) {
      const secret = `secret-of-round-${round}-of-this-test`
      accepted = [...accepted, secret]
      const published = publishAll(api, 60)
      const body = { secret, grace: 0 }
      await api.ok('POST', `${subscriptions}/${id}/rotate-secret`, { body })
      await published
      await endpoint.requests(round * 60)
      accepted = [secret]
    }

    assert.equal(verdicts.length, 180)
    assert.deepEqual(new Set(verdicts), new Set(['verified']))
  })

  it('signs with both while the grace lasts, the new one first, at once', async () => {
    await using endpoint = await receiver()
    await using api = await startApi()
    const id = await api.subscribe(endpoint.url, { secret: first })

    const rotatedAnswer = await api.ok('POST', `${subscriptions}/${id}/rotate-secret`)
    await api.publish()

    const secret = String(rotatedAnswer['secret'])
    const [request] = await endpoint.requests(1)
    assert.match(secret, /^whsec_/)
    assert.equal(request?.headers['webhook-signature']?.split(' ').length, 2)
    assert.equal(verdictOf(request, 'standard', [first]), 'verified')
    assert.equal(verdictOf(request, 'standard', [secret]), 'verified')
    assert.equal(verdictOf(request, 'axme', [secret]), 'verified')
    assert.equal(verdictOf(request, 'axme', [first]), 'mismatch')
    const hint = rotatedAnswer['subscription']?.['secret_hint']
    assert.equal(hint, `****${secret.slice(-4)}`)
  })

  it('without grace ends the old one at once; a secret of the caller is not told back', async () => {
    await using endpoint = await receiver()
    await using api = await startApi()
    const id = await api.subscribe(endpoint.url, { secret: first })
    const body = { secret: 'a-new-secret-of-mine', grace: 0 }

    const answered = await api.call('POST', `${subscriptions}/${id}/rotate-secret`, { body })
    await api.publish()

    const [request] = await endpoint.requests(1)
    assert.equal(answered.text.includes(body.secret), false)
    assert.equal(request?.headers['webhook-signature']?.split(' ').length, 1)
    assert.equal(verdictOf(request, 'standard', [body.secret]), 'verified')
  })

  it('gives a subscription without a secret its first one', async () => {
    await using endpoint = await receiver()
    await using api = await startApi()
    const id = await api.subscribe(endpoint.url)

    const { secret } = await api.ok('POST', `${subscriptions}/${id}/rotate-secret`)
    await api.publish()

    const [request] = await endpoint.requests(1)
    assert.equal(verdictOf(request, 'standard', [String(secret)]), 'verified')
  })

  it('generates a key pair for a scheme that signs with one', async () => {
    await using endpoint = await receiver()
    await using api = await startApi({ stanza: 'signatures: [standard-v1a]' })
    const id = await api.subscribe(endpoint.url)

    const { secret } = await api.ok('POST', `${subscriptions}/${id}/rotate-secret`)
    await api.publish()

    const [request] = await endpoint.requests(1)
    assert.match(String(secret), /^whsk_/)
    assert.equal(verdictOf(request, 'standard-v1a', [String(secret)]), 'verified')
  })

  it('refuses a grace that is no duration', async () => {
    await using api = await startApi()
    const id = await api.subscribe('http://127.0.0.1:9/')

    for (const grace of ['soon', '400d', '-1s', '10', -1]) {
      const refused = await api.call('POST', `${subscriptions}/${id}/rotate-secret`, {
        body: { grace },
      })
      assert.equal(refused.status, 422, String(grace))
      assert.deepEqual(refused.json['detail']?.[0]?.['loc'], ['body', 'grace'])
    }
  })
})

describe('secrets that fade', () => {
  const one = [{ secret: 'one', until: null }]

  it('end after their grace, never later than was said before', () => {
    const two = rotated(one, 'two', 1_000, 500)
    const three = rotated(two, 'three', 1_100, 10_000)

    assert.deepEqual(three, [
      { secret: 'three', until: null },
      { secret: 'two', until: 11_100 },
      { secret: 'one', until: 1_500 },
    ])
    assert.deepEqual(rotated(three, 'four', 2_000, 0), [{ secret: 'four', until: null }])
  })

  it('are no more than five, and one that is given again is the one', () => {
    const many = ['b', 'c', 'd', 'e', 'f', 'g'].reduce(
      (held, secret) => rotated(held, secret, 0, 1_000),
      [{ secret: 'a', until: null }] as ReturnType<typeof rotated>,
    )

    assert.deepEqual(
      many.map(({ secret }) => secret),
      ['g', 'f', 'e', 'd', 'c'],
    )
    assert.deepEqual(rotated(one, 'one', 0, 1_000), one)
  })
})

async function publishAll(api: Api, count: number): Promise<void> {
  for (let n = 0; n < count; n += 10) {
    await Promise.all(Array.from({ length: 10 }, () => api.publish()))
  }
}
