import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type AnyEvent, defineEvent } from 'carabiner'
import { cancelEvent, type ReceiverOptions, receiver } from 'carabiner/receiver'
import { Type } from 'typebox'
import {
  afterWebhook,
  asRequest,
  beforeWebhook,
  type SignedWebhook,
  signedHeaders,
  webhookSecret,
} from '../helpers/signed-webhook.ts'

const secret = webhookSecret
const cancelType = 'application/vnd.carabiner.errors.CancelEventError+json'

async function ask(
  options: Omit<ReceiverOptions<AnyEvent>, 'secret'>,
  webhook: SignedWebhook = beforeWebhook(),
): Promise<{ status: number; type: string | null; text: string }> {
  const response = await receiver({ secret, ...options })(asRequest(webhook))
  const { status, headers } = response
  return { status, type: headers.get('content-type'), text: await response.text() }
}

describe('receiver', () => {
  it('allows when the handler gives nothing', async () => {
    assert.deepEqual(await ask({ before: { adjust: () => undefined } }), {
      status: 204,
      type: null,
      text: '',
    })
  })

  it('allows with warnings', async () => {
    assert.deepEqual(await ask({ before: { adjust: () => ({ warnings: ['late'] }) } }), {
      status: 200,
      type: 'application/json',
      text: '{"warnings":["late"]}',
    })
  })

  it('cancels with what cancelEvent gives', async () => {
    const before = { adjust: () => cancelEvent('too much', { most: 1 }) }

    assert.deepEqual(await ask({ before }), {
      status: 409,
      type: cancelType,
      text: '{"reason":"too much","details":{"most":1}}',
    })
  })

  it('tells the after handler, and sends its Response', async () => {
    const seen: unknown[] = []
    const after = {
      adjust: (event: { name: string }) => {
        seen.push(event.name)
        return new Response('thanks', { status: 202 })
      },
    }

    const answer = await ask({ after }, afterWebhook())

    assert.partialDeepStrictEqual(answer, { status: 202, text: 'thanks' })
    assert.deepEqual(seen, ['after:adjust'])
  })

  it('tells the handler of a channel', async () => {
    const body = 'plain words'
    const headers = { ...signedHeaders(body, {}), 'x-carabiner-channel': 'audit.log' }
    const seen: string[] = []

    const answer = await ask(
      { channel: { 'audit.log': (message) => void seen.push(String(message.body)) } },
      { headers, body },
    )

    assert.equal(answer.status, 204)
    assert.deepEqual(seen, [body])
  })

  it('answers 501 for a before event without a handler, unless there is one for all others', async () => {
    assert.equal((await ask({})).status, 501)
    const inherited = beforeWebhook({ with: { event: 'before:toString' } })
    assert.equal((await ask({}, inherited)).status, 501)
    const before = { drop: () => undefined, '*': () => cancelEvent('no rule for it') }
    assert.equal((await ask({ before })).status, 409)
  })

  it('takes an after event without a handler', async () => {
    assert.equal((await ask({}, afterWebhook())).status, 204)
  })

  it('answers 500 without a word of what a handler threw, and tells onError', async () => {
    const thrown = new Error('password hunter2')
    const heard: unknown[] = []
    const before = {
      adjust() {
        throw thrown
      },
    }

    const answer = await ask({ before, onError: (error) => heard.push(error) })

    assert.equal(answer.status, 500)
    assert.doesNotMatch(answer.text, /hunter2/)
    assert.deepEqual(heard, [thrown])
  })

  it('does not take an error of a handler for one of the sender', async () => {
    const before = {
      async adjust() {
        await receiver({ secret: '' })(asRequest(beforeWebhook()))
      },
    }

    assert.equal((await ask({ before })).status, 500)
  })

  for (const decision of [false, true, 'no', {}, { reason: 'no' }, null]) {
    it(`does not take ${JSON.stringify(decision)} for an approval`, async () => {
      const before = { adjust: () => decision as unknown as undefined }

      assert.equal((await ask({ before })).status, 500)
    })
  }

  it('answers 401 to a bad signature, as JSON, and calls nobody', async () => {
    const before = { adjust: () => assert.fail('called') }

    const answer = await ask({ before }, beforeWebhook({ secrets: ['another'] }))

    assert.partialDeepStrictEqual(answer, { status: 401, type: 'application/json' })
    assert.match(JSON.parse(answer.text).error, /^webhook refused: /)
  })

  it('answers 400 to a body without an event, 413 to one over its limit', async () => {
    const body = '{}'
    const signed = { headers: signedHeaders(body, {}), body }

    assert.equal((await ask({}, signed)).status, 400)
    assert.equal((await ask({ bodyLimit: 10 })).status, 413)
  })

  it('answers 405 to anything but POST', async () => {
    const response = await receiver({ secret })(new Request('http://receiver.test/'))

    assert.equal(response.status, 405)
    assert.equal(response.headers.get('allow'), 'POST')
  })

  it('wants a secret before the first request comes', () => {
    assert.throws(() => receiver({ secret: '' }), { code: 'SECRET_INVALID' })
  })
})

const adjust = defineEvent('adjust', { params: Type.Object({ factor: Type.Number() }) })

describe('receiver with event definitions', () => {
  it('types the handlers', async () => {
    const receive = receiver({
      secret,
      events: [adjust],
      before: {
        adjust: ({ params }) => (params.factor.toFixed() === '2' ? cancelEvent('two') : undefined),
        // @ts-expect-error a param the event does not have
        '*': ({ params }) => params.factor.toFixed(),
      },
    })

    assert.equal((await receive(asRequest(beforeWebhook()))).status, 409)
  })

  it('refuses a handler of an event that is not defined', () => {
    assert.throws(
      () =>
        receiver({
          secret,
          events: [adjust],
          // @ts-expect-error a name no event has
          before: { adjsut: () => undefined },
        }),
      /`adjsut` has no event among `events`/,
    )
  })

  it('refuses a handler that is no function', () => {
    const before = { adjust: 'no' as unknown as () => undefined }

    assert.throws(() => receiver({ secret, before }), /expected a function/)
  })
})

describe('cancelEvent', () => {
  it('is a status, headers and a body, or a Response', async () => {
    const reply = cancelEvent('no', [1])
    const response = reply.toResponse()

    assert.equal(reply.status, 409)
    assert.deepEqual(reply.headers, { 'content-type': cancelType })
    assert.equal(reply.body, '{"reason":"no","details":[1]}')
    assert.equal(response.status, 409)
    assert.equal(response.headers.get('content-type'), cancelType)
    assert.equal(await response.text(), reply.body)
  })

  it('needs a reason', () => {
    assert.throws(() => cancelEvent(' '), TypeError)
  })
})
