import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { receiver } from '../../../helpers/receiver.ts'
import { type IngressHost, startIngress } from '../ingress-host.ts'

/** Says no to what is worth too much, and is slow or broken when it is told to. */
const guard = `import { defineConnector } from 'carabiner'
export default defineConnector({
  name: 'guard',
  setup({ before }) {
    let asked = 0
    before('ingress.received', async ({ params, cancel, signal }) => {
      const { data } = params.payload
      if (data.broken) throw new Error('a detail of the guard')
      if (data.slow) await new Promise((resolve) => signal.addEventListener('abort', resolve))
      asked += 1
      if (data.total > 100 && !(data.patience && asked > 1)) cancel('too much: ' + data.total)
    })
    before('ingress.replay', ({ params, cancel }) => {
      if (params.reason === 'no reason at all') cancel('give a reason')
    })
  },
})
`
const withGuard = { connectors: 'guard: ./guard.ts', files: { 'guard.ts': guard } }

const cancelling = {
  headers: { 'content-type': 'application/vnd.carabiner.errors.CancelEventError+json' },
  body: JSON.stringify({ reason: 'not on a Sunday' }),
}

describe('ingress.received', { timeout: 60_000 }, () => {
  it('vetoed after the answer: the event is cancelled and nothing is delivered', async () => {
    await using to = await receiver()
    await using host = await startIngress({ callback: to.url, ...withGuard })

    const id = await host.accepted({ data: { total: 700 } })
    const event = await host.reaches(id, 'cancelled')

    assert.equal(event['lastError'], 'too much: 700')
    assert.equal(Number(event['processingAttempts']), 0)
    const { action, details } = (await host.audit(`entityId=${id}`)).at(-1) ?? {}
    assert.deepEqual(
      [action, details?.['by'], details?.['reason']],
      ['event.cancelled', 'guard', 'too much: 700'],
    )
    assert.equal(to.received.length, 0)
  })

  it('is asked about again when a vetoed event is replayed', async () => {
    await using to = await receiver()
    await using host = await startIngress({ callback: to.url, ...withGuard })
    const id = await host.accepted({ data: { total: 700, patience: true } })
    await host.reaches(id, 'cancelled')

    const { status, json } = await host.replay(id)
    await host.reaches(id, 'processed')

    assert.equal(status, 202)
    const replayId = String(json['data']?.['replayRequestId'])
    assert.deepEqual(await host.actions(replayId), [
      'replay.requested',
      'replay.dispatched',
      'replay.completed',
    ])
    assert.equal(to.received.length, 1)
  })

  it('that nobody decides on uses up its tries', async () => {
    await using to = await receiver()
    await using host = await startIngress({
      callback: to.url,
      stanza: 'retry: { preset: gateway, base: 1ms }',
      ...withGuard,
    })

    const id = await host.accepted({ data: { broken: true } })
    const event = await host.reaches(id, 'failed')

    assert.equal(Number(event['processingAttempts']), 3)
    assert.equal(event['lastError'], 'ingress.received failed: guard (HANDLER_FAILED)')
    assert.equal(to.received.length, 0)
  })

  it('vetoed before the answer: 403 with the reason, and nothing is stored', async () => {
    await using to = await receiver()
    await using host = await startIngress({ callback: to.url, stanza: 'veto: sync', ...withGuard })

    const vetoed = await host.post({ data: { total: 700 } })
    const again = await host.post({ data: { total: 7 } })

    assert.equal(vetoed.status, 403)
    assert.deepEqual(vetoed.json['error'], {
      code: 'FORBIDDEN',
      message: 'too much: 700',
      details: {},
    })
    assert.equal(again.status, 202, 'what was refused is no duplicate')
    await host.reaches(String(again.json['data']?.['eventId']), 'processed')
    assert.equal(await total(host), 1)
    const [row] = await host.audit('action=event.cancelled')
    const { by, reason } = row?.['details'] ?? {}
    assert.deepEqual([by, reason], ['guard', 'too much: 700'])
  })

  it('undecided before the answer: 503, and the provider’s retry is taken', async () => {
    await using host = await startIngress({ stanza: 'veto: sync', ...withGuard })

    const broken = await host.post({ data: { broken: true } })
    const slow = await host.post({ data: { slow: true } })
    const retried = await host.post({ data: { total: 7 } })
    const duplicate = await host.post({ data: { total: 700 } })

    for (const { status, headers, json, text } of [broken, slow]) {
      assert.equal(status, 503, text)
      assert.equal(json['error']?.['code'], 'DEPENDENCY_UNAVAILABLE')
      assert.equal(headers.get('retry-after'), '5')
      assert.doesNotMatch(text, /detail of the guard/)
    }
    assert.equal(retried.status, 202, retried.text)
    assert.equal(duplicate.status, 200, 'nobody is asked about what came before')
  })

  for (const veto of ['async', 'sync']) {
    it(`is asked of a before-webhook with \`veto: ${veto}\``, async () => {
      await using judge = await receiver({ answers: [cancelling] })
      await using to = await receiver()
      await using host = await startIngress({
        callback: to.url,
        stanza: `veto: ${veto}`,
        connectors: 'webhooks: webhooks',
        more: `webhooks: [{ events: [before:ingress.received], url: '${judge.url}', secret: a-secret-of-the-judge }]`,
      })

      const { status, json } = await host.post()

      const [asked] = await judge.requests(1)
      assert.match(asked?.text ?? '', /"externalEventId":"evt-1"/)
      assert.equal(status, veto === 'async' ? 202 : 403)
      if (veto === 'async') {
        const event = await host.reaches(String(json['data']?.['eventId']), 'cancelled')
        assert.equal(event['lastError'], 'not on a Sunday')
      }
      const [row] = await host.audit('action=event.cancelled')
      assert.match(String(row?.['details']?.['by']), /^webhooks\/before:ingress\.received@/)
      assert.equal(to.received.length, 0)
    })
  }
})

describe('a rehearsal of ingress.received', { timeout: 60_000 }, () => {
  it('needs no more than what the provider said', async () => {
    await using host = await startIngress(withGuard)
    const said = { provider: 'acme', eventType: 't', externalEventId: 'e' }
    const rehearse = (total: number) =>
      host.project.host.dispatch(
        'ingress.received',
        { ...said, payload: { data: { total } } },
        { dryRun: true },
      )

    const [fine, vetoed] = [await rehearse(7), await rehearse(700)]

    assert.equal(fine.kind, 'completed')
    assert.equal(vetoed.kind === 'cancelled' && vetoed.reason, 'too much: 700')
  })
})

describe('a before-webhook that gives no decision', { timeout: 60_000 }, () => {
  it('is 503 with `veto: sync`, nothing is stored, and the provider’s retry is taken', async () => {
    await using judge = await receiver({ answers: [500, 204] })
    await using host = await startIngress({
      stanza: 'veto: sync',
      connectors: 'webhooks: webhooks',
      more: `webhooks: [{ name: judge, events: [before:ingress.received], url: '${judge.url}', secret: a-secret-of-the-judge, backoff: false }]`,
    })

    const { status, json, headers } = await host.post()
    const stored = [await total(host), (await host.audit('action=event.cancelled')).length]
    const retried = await host.post()

    assert.deepEqual([status, json['error']?.['code']], [503, 'DEPENDENCY_UNAVAILABLE'])
    assert.match(String(json['error']?.['message']), /could not be decided on: webhooks\/judge$/)
    assert.equal(headers.get('retry-after'), '5')
    assert.deepEqual(stored, [0, 0])
    assert.equal(retried.status, 202, retried.text)
  })
})

describe('ingress.replay', { timeout: 60_000 }, () => {
  it('vetoed: 403 with the reason, and nothing is recorded', async () => {
    await using host = await startIngress(withGuard)
    const id = await host.accepted()

    const { status, json } = await host.replay(id, 'no reason at all')

    assert.equal(status, 403)
    assert.equal(json['error']?.['message'], 'give a reason')
    const { meta } = await host.get('/replays')
    assert.equal(Number(meta?.['total']), 0)
  })
})

async function total(host: IngressHost): Promise<number> {
  const { meta } = await host.get('/events')
  return Number(meta?.['total'])
}
