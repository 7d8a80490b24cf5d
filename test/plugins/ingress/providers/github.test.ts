import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as octokit from '@octokit/webhooks-methods'
import type { JsonObject } from '../../../../plugins/ingress/providers/provider.ts'
import { createProvider } from '../../../../plugins/ingress/providers/providers.ts'
import { gitHubExamples } from './github-examples.ts'
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

const definitions = gitHubExamples()
const secret = 'It’s a Secret to Everybody'
const github = createProvider({ provider: 'github', secret: ['new', secret] })

async function sentByGitHub(
  event: string,
  payload: JsonObject,
  id: string = 'delivery-1',
): Promise<Sent> {
  const text = JSON.stringify(payload)
  const headers = {
    'content-type': json,
    'x-github-event': event,
    'x-github-delivery': id,
    'x-hub-signature-256': await octokit.sign(secret, text),
  }
  return { headers, body: Buffer.from(text), url: urlOf(github), now }
}

describe('GitHub', () => {
  for (const { name, examples } of definitions) {
    it(`is understood in all ${examples.length} examples of ${name}`, async () => {
      for (const [index, payload] of examples.entries()) {
        const { action } = payload
        const sent = await sentByGitHub(name, payload, `${name}-${index}`)

        assert.deepEqual(verdictOn(github, sent), { kind: 'verified' })
        const event = eventOf(github, sent)
        assert.equal(event.eventType, typeof action === 'string' ? `${name}.${action}` : name)
        assert.equal(event.externalEventId, `${name}-${index}`)
        assert.ok(event.subject !== null && event.subject !== '')
        assert.ok(event.occurredAt > 0 && event.occurredAt <= now)
        assert.deepEqual(event.payload, {
          provider: 'github',
          eventType: event.eventType,
          externalEventId: event.externalEventId,
          data: payload,
        })
      }
    })
  }

  it('has all examples there are', () => {
    assert.equal(definitions.length, 58)
    assert.ok(definitions.flatMap(({ examples }) => examples).length > 300)
  })

  it('tells when what the event is about was changed', async () => {
    const timeOf = async (event: string, payload: JsonObject) =>
      new Date(eventOf(github, await sentByGitHub(event, payload)).occurredAt).toISOString()
    const [created, updated] = ['2026-01-02T03:04:05Z', '2026-01-02T04:05:06Z']

    assert.equal(
      await timeOf('issues', { issue: { created_at: created, updated_at: updated } }),
      '2026-01-02T04:05:06.000Z',
    )
    assert.equal(
      await timeOf('issue_comment', {
        issue: { updated_at: updated },
        comment: { created_at: created },
      }),
      '2026-01-02T03:04:05.000Z',
    )
    assert.equal(
      await timeOf('push', { repository: { pushed_at: 1_767_323_045 } }),
      '2026-01-02T03:04:05.000Z',
    )
    assert.equal(await timeOf('watch', { action: 'started' }), new Date(now).toISOString())
  })

  it('is verified and read as a form too', async () => {
    const payload = { action: 'opened', repository: { full_name: 'octo/gate' } }
    const body = new URLSearchParams({ payload: JSON.stringify(payload) }).toString()
    const headers = {
      'content-type': form,
      'x-github-event': 'issues',
      'x-hub-signature-256': await octokit.sign(secret, body),
    }
    const sent: Sent = { headers, body: Buffer.from(body), url: urlOf(github), now }

    assert.deepEqual(verdictOn(github, sent), { kind: 'verified' })
    const event = eventOf(github, sent)
    assert.deepEqual([event.eventType, event.subject], ['issues.opened', 'octo/gate'])
    assert.deepEqual(event.payload['data'], payload)
  })

  it('says what is missing', async () => {
    const sent = await sentByGitHub('', { action: 'opened' })
    const noEvent = { ...sent, headers: { ...sent.headers, 'x-github-event': undefined } }
    const noPayload: Sent = {
      ...sent,
      headers: { 'content-type': form, 'x-github-event': 'push' },
      body: Buffer.from('payload=%5B1%5D'),
    }
    const errorsOf = (each: Sent) => github.normalize(requestOf(each), payloadOf(each))

    assert.deepEqual(errorsOf(noEvent), {
      kind: 'misfit',
      errors: [{ pointer: '', message: 'missing x-github-event header' }],
    })
    assert.deepEqual(errorsOf(noPayload), {
      kind: 'misfit',
      errors: [{ pointer: '/payload', message: 'must be a JSON object' }],
    })
  })

  it('refuses with the text of what is wrong', async () => {
    const sent = await sentByGitHub('push', {})
    const without = { ...sent, headers: { ...sent.headers, 'x-hub-signature-256': undefined } }
    const other = { ...sent, body: Buffer.from('{ }') }

    assert.deepEqual(verdictOn(github, without), {
      kind: 'refused',
      message: 'Missing x-hub-signature-256 header',
    })
    assert.deepEqual(verdictOn(github, other), {
      kind: 'refused',
      message: 'Invalid github webhook signature',
    })
  })

  it('signs samples as octokit verifies them, and guesses the event of most', async () => {
    const signer = createProvider({ provider: 'github', secret: [secret] })
    const guesses = new Set<string>()
    for (const { name, examples } of definitions) {
      const body = JSON.stringify(examples[0])
      const { headers } = signed(signer, { body })

      assert.ok(await octokit.verify(secret, body, headers['x-hub-signature-256'] ?? ''))
      if (headers['x-github-event'] === name) guesses.add(name)
    }

    for (const name of ['ping', 'push', 'issues', 'issue_comment', 'pull_request', 'release']) {
      assert.ok(guesses.has(name), name)
    }
    assert.equal(signed(signer, { event: 'watch' }).headers['x-github-event'], 'watch')
  })
})
