import { missingHeader, type Reading } from './facts.ts'
import { parseInstant } from './instant.ts'
import { parseObject, textAt, valueAt } from './payload.ts'
import type { JsonObject, ProviderRequest, ProviderSample } from './provider.ts'
import type { ProviderKind } from './provider-kind.ts'
import { schemeIn, schemeNamed } from './scheme.ts'

/** https://docs.gitlab.com/user/project/integrations/webhooks: a secret token in a header, or in newer versions a signing token (`whsec_…`). */
export const gitlab: ProviderKind = {
  bodies: ['json'],
  schemes: [
    { scheme: schemeIn('token', 'x-gitlab-token'), proof: 'token', takes: isPlain },
    { scheme: schemeNamed('standard'), takes: (secret) => !isPlain(secret) },
  ],
  read,
  headers,
  sample: {
    contentType: 'application/json',
    body: JSON.stringify({
      object_kind: 'merge_request',
      event_type: 'merge_request',
      user: { id: 1, username: 'root' },
      project: { id: 1, path_with_namespace: 'gitlabhq/gitlab-test' },
      object_attributes: {
        id: 99,
        iid: 1,
        title: 'Open the gate',
        state: 'opened',
        action: 'open',
        created_at: '2026-01-05 09:30:00 UTC',
        updated_at: '2026-01-05 09:30:00 UTC',
      },
    }),
  },
}

function isPlain(secret: string): boolean {
  return !secret.startsWith('whsec_')
}

function read(request: ProviderRequest, payload: JsonObject): Reading {
  const kind = textAt(payload, '/object_kind', '/event_name') ?? hookName(request)
  if (kind === undefined) return missingHeader('x-gitlab-event')
  const action = textAt(payload, '/object_attributes/action')

  return {
    kind: 'facts',
    facts: {
      eventType: action === null ? kind : `${kind}.${action}`,
      externalEventId: idOf(request),
      occurredAt: occurrence(payload) ?? request.now,
      subject: textAt(payload, ...subjects),
      data: payload,
    },
  }
}

/** `Push Hook` → `push`. */
function hookName(request: ProviderRequest): string | undefined {
  const name = (request.header('x-gitlab-event') ?? '').replace(/ Hook$/, '')
  return name === '' ? undefined : name.toLowerCase().replaceAll(' ', '_')
}

/**
 * `webhook-id` is signed, and the same as `idempotency-key`, which all attempts share. GitLab before 17.4 has neither; an event
 * that a webhook's receiver caused has the `x-gitlab-event-uuid` of the first one, so that the webhook's own goes before it.
 */
function idOf(request: ProviderRequest): string | null {
  const names = ['webhook-id', 'idempotency-key', 'x-gitlab-webhook-uuid', 'x-gitlab-event-uuid']
  return names.map((name) => request.header(name) ?? '').find((id) => id !== '') ?? null
}

/** GitLab writes `2026-01-05 09:30:00 UTC` too. */
function occurrence(payload: JsonObject): number | undefined {
  const texts = times.map((pointer) => valueAt(payload, pointer))
  return texts
    .map((time) => parseInstant(typeof time === 'string' ? time.replace(/ UTC$/, 'Z') : time))
    .find((instant) => instant !== undefined)
}

const times = [
  '/object_attributes/updated_at',
  '/object_attributes/finished_at',
  '/object_attributes/created_at',
  '/updated_at',
  '/created_at',
]

const subjects = [
  '/project/path_with_namespace',
  '/path_with_namespace',
  '/group/full_path',
  '/group/path',
  '/project_name',
  '/full_path',
  '/user_username',
  '/username',
]

function headers(sample: ProviderSample, id: string): Readonly<Record<string, string>> {
  const payload = parseObject(new TextDecoder().decode(sample.body)) ?? {}
  const kind = textAt(payload, '/object_kind', '/event_name') ?? 'push'
  return {
    'user-agent': 'GitLab/18.9.0',
    'x-gitlab-event': sample.event ?? `${words(kind)} Hook`,
    'x-gitlab-event-uuid': id,
    'x-gitlab-webhook-uuid': id,
    'idempotency-key': id,
  }
}

/** `merge_request` → `Merge Request` */
function words(kind: string): string {
  return kind
    .split('_')
    .map((word) => word.slice(0, 1).toUpperCase() + word.slice(1))
    .join(' ')
}
