import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { describe, it } from 'node:test'
import { verifySlackRequest } from '@slack/bolt'
import { createProvider } from '../../../../plugins/ingress/providers/providers.ts'
import {
  eventOf,
  form,
  json,
  now,
  payloadOf,
  requestOf,
  type Sent,
  signed,
  urlOf,
  verdictOn,
} from './sent.ts'

const signingSecret = '8f742231b10e8888abcd99yyyzzz85a5'
const slack = createProvider({ provider: 'slack', secret: [signingSecret] })

function sentBySlack(body: string, contentType: string): Sent {
  const timestamp = String(now / 1_000)
  const hmac = createHmac('sha256', signingSecret).update(`v0:${timestamp}:${body}`)
  const headers = {
    'content-type': contentType,
    'x-slack-request-timestamp': timestamp,
    'x-slack-signature': `v0=${hmac.digest('hex')}`,
  }
  verifyWithBolt({ headers, body: Buffer.from(body), url: urlOf(slack), now })
  return { headers, body: Buffer.from(body), url: urlOf(slack), now }
}

/** Throws when Slack's own library refuses it. */
function verifyWithBolt({ headers, body }: Sent): void {
  verifySlackRequest({
    signingSecret,
    body: Buffer.from(body).toString('utf8'),
    headers: {
      'x-slack-signature': headers['x-slack-signature'] ?? '',
      'x-slack-request-timestamp': Number(headers['x-slack-request-timestamp']),
    },
    nowMilliseconds: now,
  })
}

const event = (fields: object) => sentBySlack(JSON.stringify(fields), json)
const fields = (values: Readonly<Record<string, string>>) =>
  sentBySlack(new URLSearchParams(values).toString(), form)

describe('Slack', () => {
  it('sends events', () => {
    const payload = {
      type: 'event_callback',
      event_id: 'Ev1',
      event_time: 1_767_605_400,
      team_id: 'T1',
      event: { type: 'message', subtype: 'channel_join', channel: 'C1', user: 'U1' },
    }
    const sent = event(payload)

    assert.deepEqual(verdictOn(slack, sent), { kind: 'verified' })
    assert.deepEqual(eventOf(slack, sent), {
      eventType: 'message.channel_join',
      externalEventId: 'Ev1',
      occurredAt: 1_767_605_400_000,
      subject: 'C1',
      payload: {
        provider: 'slack',
        eventType: 'message.channel_join',
        externalEventId: 'Ev1',
        data: payload,
      },
    })
  })

  it('sends commands as forms', () => {
    const sent = fields({
      command: '/weather',
      text: '94070',
      trigger_id: '13.4',
      channel_id: 'C1',
    })

    assert.deepEqual(verdictOn(slack, sent), { kind: 'verified' })
    const { eventType, externalEventId, occurredAt, subject } = eventOf(slack, sent)
    assert.deepEqual(
      [eventType, externalEventId, occurredAt, subject],
      ['slash_command', '13.4', now, '/weather'],
    )
  })

  it('sends interactions as JSON in a form', () => {
    const payload = {
      type: 'block_actions',
      trigger_id: '12.9',
      channel: { id: 'C7' },
      actions: [],
    }
    const sent = fields({ payload: JSON.stringify(payload) })

    assert.deepEqual(verdictOn(slack, sent), { kind: 'verified' })
    const interaction = eventOf(slack, sent)
    assert.deepEqual(
      [interaction.eventType, interaction.externalEventId, interaction.subject],
      ['block_actions', '12.9', 'C7'],
    )
    assert.deepEqual(interaction.payload['data'], payload)
    const broken = fields({ payload: 'no JSON' })
    assert.equal(slack.normalize(requestOf(broken), payloadOf(broken)).kind, 'misfit')
  })

  it('has its handshakes answered, and nothing else taken for one', () => {
    const answerTo = (sent: Sent) => slack.handshake?.(requestOf(sent), payloadOf(sent))
    const contentType = 'text/plain; charset=utf-8'

    assert.deepEqual(answerTo(event({ type: 'url_verification', challenge: '3eZb' })), {
      status: 200,
      contentType,
      body: '3eZb',
    })
    assert.deepEqual(answerTo(fields({ ssl_check: '1', token: 'x' })), {
      status: 200,
      contentType,
      body: '',
    })
    assert.equal(answerTo(event({ type: 'url_verification' })), undefined)
    assert.equal(answerTo(event({ type: 'event_callback', challenge: 'x' })), undefined)
    assert.equal(
      answerTo(fields({ command: '/a', type: 'url_verification', challenge: 'x' })),
      undefined,
    )
  })

  it('signs samples as Slack’s own library verifies them', () => {
    for (const body of [undefined, '{"text":"Grüße 😀"}', 'command=%2Fa&text=']) {
      const sent = signed(slack, body === undefined ? {} : { body })

      verifyWithBolt(sent)
      const altered = { ...sent, body: Buffer.from(`${Buffer.from(sent.body).toString('utf8')} `) }
      assert.throws(() => verifyWithBolt(altered), /signature mismatch/)
    }
  })
})
