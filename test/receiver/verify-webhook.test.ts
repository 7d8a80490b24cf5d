import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { defineEvent } from 'carabiner'
import { CarabinerError, verifyChannelMessage, verifyWebhook } from 'carabiner/receiver'
import { Type } from 'typebox'
import {
  afterWebhook,
  asRequest,
  beforeWebhook,
  signedHeaders,
  webhookSecret,
} from '../helpers/signed-webhook.ts'

const secret = webhookSecret
const minute = 60_000

describe('verifyWebhook', () => {
  it('gives the question in a before webhook', async () => {
    const event = await verifyWebhook(beforeWebhook(), { secret })

    const { headers, ...facts } = event
    assert.equal(headers.get('content-type'), 'application/json')
    assert.deepEqual(facts, {
      id: '018f0f69-63c9-7c86-bf2f-9b62d2cda6f4',
      event: 'adjust',
      name: 'before:adjust',
      phase: 'before',
      dispatchId: '018f0f69-63c9-7c86-bf2f-9b62d2cda6f5',
      createdAt: new Date('2026-01-01T00:00:00Z'),
      params: { component: 'web', factor: 2 },
      actor: undefined,
      traceId: 'trace-1',
      verified: ['standard', 'servo'],
      attempt: 1,
      dryRun: false,
      deadline: new Date('2026-01-01T00:00:30Z'),
      callback: undefined,
    })
  })

  it('gives the results in an after webhook', async () => {
    const event = await verifyWebhook(afterWebhook({ with: { actor: 'ada' } }), { secret })

    assert.equal(event.phase, 'after')
    assert.equal(event.actor, 'ada')
    assert.deepEqual(event.phase === 'after' && event.results, [
      { connector: 'scaler', value: { applied: 2 } },
      { connector: 'pager', error: { name: 'Error', message: 'no line' } },
    ])
  })

  it('gives the callback of a decision that is answered later', async () => {
    const expiry = '2026-01-01T01:00:00.000Z'
    const callback = { id: 'c1', url: 'https://host/c1', signature: 'ab', expires_at: expiry }

    const event = await verifyWebhook(beforeWebhook({ with: { callback } }), { secret })

    assert.deepEqual(event.phase === 'before' && event.callback, {
      id: 'c1',
      url: 'https://host/c1',
      signature: 'ab',
      expiresAt: new Date(expiry),
    })
  })

  const { headers, body } = beforeWebhook()
  const upperCase = Object.entries(headers).map(([name, value]) => [name.toUpperCase(), value])
  const pairs = upperCase as [string, string][]
  const shapes = {
    'a web Request': asRequest({ headers, body }),
    'Headers and a string': { headers: new Headers(headers), body },
    'a record and bytes': { headers, body: Buffer.from(body) },
    'a record of lists': {
      headers: Object.fromEntries(pairs.map(([name, value]) => [name, [value]])),
      body,
    },
    'pairs and an ArrayBuffer': {
      headers: pairs,
      body: new Uint8Array(Buffer.from(body)).buffer as ArrayBuffer,
    },
  }
  for (const [shape, request] of Object.entries(shapes)) {
    it(`takes ${shape}`, async () => {
      assert.equal((await verifyWebhook(request, { secret })).name, 'before:adjust')
    })
  }

  const later = Date.now() + 6 * minute
  const refused = {
    'another secret': [beforeWebhook({ secrets: ['another'] }), {}, /not made with this secret/],
    'a changed body': [{ headers, body: body.replace('"factor":2', '"factor":9') }, {}, /body/],
    'another id': [{ headers: { ...headers, 'webhook-id': 'x' }, body }, {}, /over this id/],
    'an old timestamp': [{ headers, body }, { now: () => later }, /s old, more than 300 s/],
    'a timestamp in the future': [{ headers, body }, { now: () => 0 }, /in the future/],
    'a timestamp made new beside a good servo signature': [
      { headers: { ...headers, 'webhook-timestamp': String(Math.floor(later / 1000)) }, body },
      { now: () => later },
      /not made with this secret over this id, timestamp and body/,
    ],
    'no signature': [{ headers: {}, body }, {}, /no v1 signature .*; missing x-servo-signature/],
    'a signature of a scheme that is not accepted': [
      beforeWebhook({ signatures: ['servo'] }),
      { schemes: ['standard'] },
      /no v1 signature in a webhook-signature header$/,
    ],
    'another id beside a signature over the body alone': [
      {
        ...beforeWebhook(),
        headers: { ...beforeWebhook({ signatures: ['servo'] }).headers, 'webhook-id': 'x' },
      },
      {},
      /webhook-id is not the id in the body/,
    ],
  } as const
  for (const [what, [request, options, reason]] of Object.entries(refused)) {
    it(`refuses ${what}`, async () => {
      const verified = verifyWebhook(request, { secret, ...options })

      await assert.rejects(verified, (error) => {
        assert.ok(error instanceof CarabinerError)
        assert.equal(error.code, 'SIGNATURE_INVALID')
        assert.match(error.message, reason)
        assert.doesNotMatch(error.message, /MDEyMzQ1|v1,/)
        return true
      })
    })
  }

  it('accepts a request that only the older of two secrets fits, and servo knows the newest alone', async () => {
    const request = beforeWebhook({ secrets: ['new', 'old'] })

    const event = await verifyWebhook(request, { secret: 'old' })

    assert.deepEqual(event.verified, ['standard'])
  })

  it('accepts any of its own secrets', async () => {
    const request = beforeWebhook({ secrets: ['old'] })

    const event = await verifyWebhook(request, { secret: ['new', 'old'] })

    assert.deepEqual(event.verified, ['standard', 'servo'])
  })

  it('never takes a public key for a shared secret', async () => {
    const publicKey = 'whpk_11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo='
    const privateKey =
      'whsk_nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2DXWpgBgrEKt9VL/tPJZAc6DuFy89qmIyWvAhpo9wdRGg=='
    const signed = beforeWebhook({ secrets: [privateKey], signatures: ['standard-v1a'] })

    const event = await verifyWebhook(signed, { secret: publicKey })

    assert.deepEqual(event.verified, ['standard-v1a'])
    const options = { secret: publicKey, schemes: ['standard'] }
    await assert.rejects(verifyWebhook(signed, options), { code: 'SECRET_INVALID' })
  })

  for (const none of ['', '  ', [], ['good', ''], undefined] as const) {
    it(`refuses ${JSON.stringify(none)} as its secret`, async () => {
      // A JavaScript program, or an environment variable that is not set, passes what the type forbids.
      const options = { secret: none as string }

      await assert.rejects(verifyWebhook(beforeWebhook(), options), { code: 'SECRET_INVALID' })
    })
  }

  const malformed = {
    'no JSON': 'hello',
    'no object': '[]',
    'not UTF-8': Buffer.from([0x22, 0xff, 0x22]),
    'without members': '{}',
    'an on event': beforeWebhook({ with: { event: 'on:adjust' } }).body,
    'a deadline that is no time': beforeWebhook({ with: { deadline: 'soon' } }).body,
    'params that are a list': beforeWebhook({ with: { params: [] } }).body,
    'results that are none': afterWebhook({ with: { results: [{}] } }).body,
    'a dry run that is a text': beforeWebhook({ with: { dry_run: 'false' } }).body,
  }
  for (const [what, bytes] of Object.entries(malformed)) {
    it(`says that a signed body is no event: ${what}`, async () => {
      const request = { headers: signedHeaders(bytes, {}), body: bytes }

      await assert.rejects(verifyWebhook(request, { secret }), { code: 'EVENT_PARAMS_INVALID' })
    })
  }

  it('reads no more of a Request than its limit, whatever the length says', async () => {
    const { headers } = beforeWebhook()
    const endless = new ReadableStream({ pull: (to) => to.enqueue(new Uint8Array(1_000)) })
    const init = { method: 'POST', headers, body: endless, duplex: 'half' }
    const request = new Request('http://receiver.test/', init as RequestInit)

    const verified = verifyWebhook(request, { secret, bodyLimit: 10_000 })

    await assert.rejects(verified, { code: 'MESSAGE_TOO_LARGE' })
  })

  it('says that a parsed body is of no use', async () => {
    const parsed = { headers, body: JSON.parse(body) }

    await assert.rejects(verifyWebhook(parsed, { secret }), /expected the raw body/)
  })

  it('says that a body which has been read is of no use', async () => {
    const request = asRequest({ headers, body })
    await request.text()

    await assert.rejects(verifyWebhook(request, { secret }), /has not been read/)
  })
})

const adjust = defineEvent('adjust', {
  params: Type.Object({ component: Type.String(), factor: Type.Number() }),
})

describe('verifyWebhook with event definitions', () => {
  it('types the params', async () => {
    const event = await verifyWebhook(beforeWebhook(), { secret, events: [adjust] })

    const factor: number = event.params.factor
    const name: 'adjust' = event.event
    // @ts-expect-error a param the event does not have
    const wrong = event.params.fcator
    assert.deepEqual([factor, name, wrong], [2, 'adjust', undefined])
  })

  it('refuses an event that is not expected', async () => {
    const request = beforeWebhook({ with: { event: 'before:drop' } })

    const verified = verifyWebhook(request, { secret, events: [adjust] })

    await assert.rejects(verified, { code: 'EVENT_UNKNOWN' })
  })
})

describe('verifyChannelMessage', () => {
  const body = Buffer.from([0, 1, 2, 255])
  const headers = {
    ...signedHeaders(body, {}),
    'content-type': 'image/x-test',
    'x-carabiner-channel': 'audit.images',
  }

  it('gives the message byte for byte', async () => {
    const message = await verifyChannelMessage({ headers, body }, { secret })

    assert.equal(message.channel, 'audit.images')
    assert.equal(message.contentType, 'image/x-test')
    assert.equal(message.id, '018f0f69-63c9-7c86-bf2f-9b62d2cda6f4')
    assert.deepEqual(message.body, body)
    assert.deepEqual(message.verified, ['standard', 'servo'])
  })

  it('refuses what is not signed, and what is no message', async () => {
    const options = { secret: 'another' }
    await assert.rejects(verifyChannelMessage({ headers, body }, options), {
      code: 'SIGNATURE_INVALID',
    })
    await assert.rejects(verifyChannelMessage(beforeWebhook(), { secret }), {
      code: 'EVENT_PARAMS_INVALID',
    })
  })
})
