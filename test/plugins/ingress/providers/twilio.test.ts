import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, it } from 'node:test'
import library from 'twilio'
import { createProvider } from '../../../../plugins/ingress/providers/providers.ts'
import { eventOf, form, json, now, type Sent, signed, urlOf, verdictOn } from './sent.ts'

const authToken = 'twilio_auth_token'
const twilio = createProvider({ provider: 'twilio', secret: [authToken] })
const url = urlOf(twilio)
const { getExpectedTwilioSignature } = library

function sentByTwilio(params: Readonly<Record<string, string>>, signedUrl: string = url): Sent {
  const headers = {
    'content-type': form,
    'x-twilio-signature': getExpectedTwilioSignature(authToken, signedUrl, params),
  }
  return { headers, body: Buffer.from(new URLSearchParams(params).toString()), url, now }
}

function jsonByTwilio(body: string): Sent {
  const hash = createHash('sha256').update(body).digest('hex')
  const hashed = `${url}?bodySHA256=${hash}`
  const signature = getExpectedTwilioSignature(authToken, hashed, {})
  const headers = { 'content-type': json, 'x-twilio-signature': signature }
  return { headers, body: Buffer.from(body), url: hashed, now }
}

const message = {
  MessageSid: 'SM1',
  AccountSid: 'AC1',
  From: '+1555',
  Body: 'Grüße & 😀',
  Empty: '',
}

describe('Twilio', () => {
  it('sends messages, signed as its own library signs', () => {
    const sent = sentByTwilio({ ...message, SmsStatus: 'received' })

    assert.deepEqual(verdictOn(twilio, sent), { kind: 'verified' })
    const { payload, ...event } = eventOf(twilio, sent)
    assert.deepEqual(event, {
      eventType: 'message.received',
      externalEventId: 'SM1',
      occurredAt: now,
      subject: 'SM1',
    })
    assert.deepEqual(payload['data'], { ...message, SmsStatus: 'received' })
  })

  it('tells of states, each with an id of its own', () => {
    const idsAndTypes = [
      { MessageSid: 'SM1', MessageStatus: 'sent' },
      { MessageSid: 'SM1', MessageStatus: 'delivered' },
      { CallSid: 'CA1', CallStatus: 'ringing' },
      { CallSid: 'CA1', CallStatus: 'completed', SequenceNumber: '3' },
      { CallSid: 'CA1', CallStatus: 'in-progress', Digits: '1' },
      { CallSid: 'CA1', RecordingSid: 'RE1', RecordingStatus: 'completed' },
      { ConferenceSid: 'CF1', StatusCallbackEvent: 'participant-join', SequenceNumber: '1' },
      { ConversationSid: 'CH1', EventType: 'onMessageAdded', MessageSid: 'IM1' },
      { ConversationSid: 'CH1', EventType: 'onConversationUpdated' },
      { Sid: 'NO1', Level: 'ERROR' },
      { AccountSid: 'AC1' },
    ].map((params) => {
      const { eventType, externalEventId } = eventOf(
        twilio,
        sentByTwilio(Object.fromEntries(Object.entries(params))),
      )
      return [eventType, externalEventId]
    })

    assert.deepEqual(idsAndTypes, [
      ['message.sent', 'SM1:sent'],
      ['message.delivered', 'SM1:delivered'],
      ['call.ringing', 'CA1:ringing'],
      ['call.completed', 'CA1:completed:3'],
      ['call.in-progress', null],
      ['recording.completed', 'RE1:completed'],
      ['conference.participant-join', 'CF1:participant-join:1'],
      ['conversation.onMessageAdded', 'CH1:onMessageAdded:IM1'],
      ['conversation.onConversationUpdated', null],
      ['debugger.ERROR', 'NO1:ERROR'],
      ['other', null],
    ])
  })

  it('tells when a call changed', () => {
    const sent = sentByTwilio({ CallSid: 'CA1', Timestamp: 'Mon, 05 Jan 2026 09:30:00 +0000' })

    assert.equal(eventOf(twilio, sent).occurredAt, Date.UTC(2026, 0, 5, 9, 30))
  })

  it('signs the URL with the standard port or without, whichever of them it called', () => {
    const withPort = url.replace('.com', '.com:443')

    for (const signedUrl of [url, withPort]) {
      const sent = sentByTwilio(message, signedUrl)

      assert.equal(verdictOn(twilio, { ...sent, url }).kind, 'verified')
      assert.equal(verdictOn(twilio, { ...sent, url: withPort }).kind, 'verified')
      assert.equal(
        verdictOn(twilio, { ...sent, url: url.replace('https', 'http') }).kind,
        'refused',
      )
    }
  })

  it('sends JSON, whose hash is in the URL', () => {
    const sent = jsonByTwilio('{"EventType":"onFlexEvent","Sid":"EV1"}')

    assert.ok(
      library.validateRequestWithBody(
        authToken,
        sent.headers['x-twilio-signature'] ?? '',
        sent.url,
        sent.body.toString(),
      ),
    )
    assert.equal(verdictOn(twilio, sent).kind, 'verified')
    const altered = { ...sent, body: Buffer.from('{"EventType":"onFlexEvent","Sid":"EV2"}') }
    assert.equal(verdictOn(twilio, altered).kind, 'refused')
  })

  it('does not sign JSON without that', () => {
    const body = '{"Sid":"EV1"}'
    const headers = {
      'content-type': json,
      'x-twilio-signature': getExpectedTwilioSignature(authToken, url, { [body]: '' }),
    }

    assert.deepEqual(verdictOn(twilio, { headers, body: Buffer.from(body), url, now }), {
      kind: 'refused',
      message: 'Invalid twilio webhook signature',
    })
    assert.throws(() => signed(twilio, { body, contentType: json }), {
      code: 'SIGNATURE_INVALID',
      message: /call the URL with bodySHA256=[0-9a-f]{64}$/,
    })
  })

  it('signs samples as its own library verifies them', () => {
    const { headers, body } = signed(twilio)
    const params = Object.fromEntries(new URLSearchParams(Buffer.from(body).toString()))
    const signature = headers['x-twilio-signature'] ?? ''

    assert.ok(library.validateRequest(authToken, signature, url, params))
    assert.ok(!library.validateRequest(authToken, signature, url, { ...params, Body: '' }))
  })
})
