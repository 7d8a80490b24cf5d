import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createProvider } from '../../../../plugins/ingress/providers/providers.ts'
import { eventOf, json, now, type Sent, signed, urlOf, verdictOn } from './sent.ts'

const token = 'a secret token'
const signingToken = `whsec_${Buffer.alloc(32, 4).toString('base64')}`
const gitlab = createProvider({ provider: 'gitlab', secret: [token] })

function sentByGitLab(payload: object, headers: Sent['headers'] = {}): Sent {
  return {
    headers: { 'content-type': json, 'x-gitlab-token': token, ...headers },
    body: Buffer.from(JSON.stringify(payload)),
    url: urlOf(gitlab),
    now,
  }
}

/** After the examples of GitLab's documentation. */
const mergeRequest = {
  object_kind: 'merge_request',
  event_type: 'merge_request',
  project: { path_with_namespace: 'gitlabhq/gitlab-test' },
  object_attributes: {
    action: 'open',
    created_at: '2026-01-03T17:23:34Z',
    updated_at: '2026-01-05 09:30:00 UTC',
  },
}
const uuids = {
  'x-gitlab-event': 'Merge Request Hook',
  'x-gitlab-event-uuid': 'event-uuid',
  'x-gitlab-webhook-uuid': 'webhook-uuid',
  'idempotency-key': 'key-1',
}

describe('GitLab', () => {
  it('sends its secret token and says what happened', () => {
    const sent = sentByGitLab(mergeRequest, uuids)

    assert.deepEqual(verdictOn(gitlab, sent), { kind: 'verified' })
    assert.deepEqual(eventOf(gitlab, sent), {
      eventType: 'merge_request.open',
      externalEventId: 'key-1',
      occurredAt: Date.UTC(2026, 0, 5, 9, 30),
      subject: 'gitlabhq/gitlab-test',
      payload: {
        provider: 'gitlab',
        eventType: 'merge_request.open',
        externalEventId: 'key-1',
        data: mergeRequest,
      },
    })
  })

  it('names other events by what they have', () => {
    const typeOf = (payload: object, headers?: Sent['headers']) =>
      eventOf(gitlab, sentByGitLab(payload, headers)).eventType

    assert.equal(typeOf({ object_kind: 'push' }), 'push')
    assert.equal(typeOf({ event_name: 'project_create' }), 'project_create')
    assert.equal(typeOf({}, { 'x-gitlab-event': 'Feature Flag Hook' }), 'feature_flag')
    assert.equal(
      gitlab.normalize({ header: () => undefined, bytes: Buffer.from('{}'), url: '', now }, {})
        .kind,
      'misfit',
    )
  })

  it('has an id in every version', () => {
    const idWith = (...names: readonly (keyof typeof uuids)[]) =>
      eventOf(
        gitlab,
        sentByGitLab(mergeRequest, Object.fromEntries(names.map((name) => [name, uuids[name]]))),
      ).externalEventId

    assert.equal(idWith('x-gitlab-event-uuid', 'x-gitlab-webhook-uuid'), 'webhook-uuid')
    assert.equal(idWith('x-gitlab-event-uuid'), 'event-uuid')
    assert.equal(idWith(), null)
  })

  it('refuses with the text of what is wrong', () => {
    const message = (sent: Sent, secret: readonly string[] = [token]) => {
      const verdict = verdictOn(createProvider({ provider: 'gitlab', secret }), sent)
      return verdict.kind === 'refused' ? verdict.message : undefined
    }

    assert.equal(
      message(sentByGitLab({}, { 'x-gitlab-token': undefined })),
      'Missing x-gitlab-token header',
    )
    assert.equal(message(sentByGitLab({}, { 'x-gitlab-token': 'x' })), 'Invalid gitlab token')
    assert.equal(message(sentByGitLab({}), [signingToken]), 'Missing webhook-signature header')
    assert.equal(
      message(sentByGitLab({}, { 'webhook-signature': 'v1,x' }), [signingToken]),
      'Invalid gitlab webhook signature',
    )
  })

  it('changes over from a secret token to a signing token', () => {
    const withBoth = createProvider({ provider: 'gitlab', secret: [signingToken, token] })
    const withSigning = createProvider({ provider: 'gitlab', secret: [signingToken] })
    const byToken = sentByGitLab(mergeRequest)
    const bySignature = signed(withSigning)

    assert.equal(verdictOn(withBoth, byToken).kind, 'verified')
    assert.equal(verdictOn(withBoth, bySignature).kind, 'verified')
    assert.equal(verdictOn(withSigning, byToken).kind, 'refused')
    assert.equal(
      eventOf(withSigning, bySignature).externalEventId,
      bySignature.headers['webhook-id'],
    )
  })
})
