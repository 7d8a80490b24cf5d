import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createReceiver } from '../../../docs/examples/subscription-receiver.ts'
import { readPage } from '../../helpers/code-blocks.ts'
import { listen } from '../../helpers/receiver.ts'
import { startApi } from './api.ts'

const example = 'docs/examples/subscription-receiver.ts'
const secret = 'whsec_c2VjcmV0LW9mLXRoZS1yZWNlaXZlci1vZi10aGUtcGFnZQ=='
const otherSecret = 'whsec_YW5vdGhlci1zZWNyZXQtdGhhbi10aGUtcmVjZWl2ZXJzIQ=='

describe(example, () => {
  it('is what the page shows', () => {
    assert.ok(readPage('docs/subscriptions.md').includes(readPage(example)))
  })

  it('takes what is signed with its secret, and nothing else', async () => {
    const taken: unknown[] = []
    await using receiver = await startReceiver(async (event) => void taken.push(event))
    await using api = await startApi({ stanza: 'settle_wait: 5s' })
    await api.subscribe(`${receiver.url}/right`, { secret })
    await api.subscribe(`${receiver.url}/wrong`, { secret: otherSecret })
    await api.subscribe(`${receiver.url}/none`)

    const published = await api.publish()

    const counted = { queued_deliveries: 3, delivered: 1, dead_lettered: 2 }
    assert.partialDeepStrictEqual(published, counted)
    assert.equal(taken.length, 1)
    assert.partialDeepStrictEqual(taken[0], { event_id: published['event_id'], replay: false })
  })

  it('asks for it again when it could not take it', async () => {
    await using receiver = await startReceiver(() => Promise.reject(new Error('full')))
    await using api = await startApi({ stanza: 'settle_wait: 5s' })
    const id = await api.subscribe(receiver.url, { secret })

    await api.publish()

    const listed = await api.ok('GET', `/v1/webhooks/subscriptions/${id}/deliveries`)
    const [delivery] = Object.values(listed['deliveries'] ?? {})
    assert.partialDeepStrictEqual(delivery, { status: 'pending', attempts: 1 })
  })
})

async function startReceiver(take: (event: unknown) => Promise<void>) {
  const server = createReceiver(secret, take)
  const port = await listen(server, 0, '127.0.0.1')
  return {
    url: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
