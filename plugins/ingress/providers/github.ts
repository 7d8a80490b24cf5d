import type { Json } from 'carabiner'
import { missingHeader, type Reading } from './facts.ts'
import { isForm, payloadField } from './form.ts'
import { guessEvent } from './github-event.ts'
import { parseInstant } from './instant.ts'
import { isObject, parseObject, textAt, valueAt } from './payload.ts'
import type { JsonObject, ProviderRequest, ProviderSample } from './provider.ts'
import type { ProviderKind } from './provider-kind.ts'
import { schemeNamed } from './scheme.ts'

/** https://docs.github.com/en/webhooks/webhook-events-and-payloads */
export const github: ProviderKind = {
  bodies: ['json', 'form'],
  schemes: [{ scheme: schemeNamed('github') }],
  secretHeaders: ['x-hub-signature'],
  read,
  headers,
  sample: {
    contentType: 'application/json',
    body: JSON.stringify({
      action: 'opened',
      number: 7,
      pull_request: {
        number: 7,
        title: 'Open the gate',
        state: 'open',
        created_at: '2026-01-05T09:30:00Z',
        updated_at: '2026-01-05T09:30:00Z',
      },
      repository: { id: 186853002, full_name: 'octo/gate' },
      sender: { login: 'octocat', id: 21031067 },
    }),
  },
}

function read(request: ProviderRequest, body: JsonObject): Reading {
  const event = request.header('x-github-event') ?? ''
  if (event === '') return missingHeader('x-github-event')
  const payload = isForm(request) ? payloadField(body) : body
  if (payload === undefined) {
    return { kind: 'misfit', errors: [{ pointer: '/payload', message: 'must be a JSON object' }] }
  }

  const { action } = payload
  return {
    kind: 'facts',
    facts: {
      eventType: typeof action === 'string' && action !== '' ? `${event}.${action}` : event,
      externalEventId: request.header('x-github-delivery') || null,
      occurredAt: occurrence(event, payload) ?? request.now,
      subject: textAt(payload, ...subjects),
      data: payload,
    },
  }
}

const subjects = [
  '/repository/full_name',
  '/organization/login',
  '/enterprise/slug',
  '/installation/account/login',
  '/security_advisory/ghsa_id',
  '/sender/login',
]

/** What an event is about, where it has not the event's name. */
const entities: Readonly<Record<string, string>> = {
  commit_comment: 'comment',
  discussion_comment: 'comment',
  fork: 'forkee',
  issue_comment: 'comment',
  issues: 'issue',
  meta: 'hook',
  page_build: 'build',
  ping: 'hook',
  pull_request_review: 'review',
  pull_request_review_comment: 'comment',
  push: 'repository',
}
/** In a push the repository tells of it in seconds, in all other events in ISO 8601. */
const entityTimes = ['updated_at', 'submitted_at', 'completed_at', 'published_at', 'created_at']
const payloadTimes = ['/starred_at', '/updated_at', '/created_at']

/** The latest time that what the event is about tells of itself. */
function occurrence(event: string, payload: JsonObject): number | undefined {
  if (event === 'push') return parseInstant(valueAt(payload, '/repository/pushed_at'))
  const entity = valueAt(payload, `/${entities[event] ?? event}`)
  const times = isObject(entity) ? entityTimes.map((name) => entity[name]) : []
  const instants = [...times, ...payloadTimes.map((pointer) => valueAt(payload, pointer))]
    .map((time: Json | undefined) => parseInstant(time))
    .filter((instant) => instant !== undefined)
  return instants.length === 0 ? undefined : Math.max(...instants)
}

function headers(sample: ProviderSample, id: string): Readonly<Record<string, string>> {
  const text = new TextDecoder().decode(sample.body)
  const payload = parseObject(text) ?? parseObject(new URLSearchParams(text).get('payload') ?? '')
  const event = sample.event ?? guessEvent(payload ?? {})
  return {
    'user-agent': 'GitHub-Hookshot/044aadd',
    'x-github-delivery': id,
    ...(event !== undefined && { 'x-github-event': event }),
  }
}
