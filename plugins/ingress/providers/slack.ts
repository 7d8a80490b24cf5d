import type { Facts, Reading } from './facts.ts'
import { otherType } from './facts.ts'
import { isForm, payloadField } from './form.ts'
import { parseInstant } from './instant.ts'
import { textAt, valueAt } from './payload.ts'
import type { HandshakeAnswer, JsonObject, ProviderRequest } from './provider.ts'
import type { ProviderKind } from './provider-kind.ts'
import { schemeNamed } from './scheme.ts'

/** https://docs.slack.dev/apis/events-api and /interactivity: events are JSON, commands and interactions are forms. */
export const slack: ProviderKind = {
  bodies: ['json', 'form'],
  schemes: [{ scheme: schemeNamed('slack') }],
  read,
  handshake,
  sample: {
    contentType: 'application/json',
    body: JSON.stringify({
      type: 'event_callback',
      team_id: 'T0123ABCD',
      api_app_id: 'A0123ABCD',
      event: {
        type: 'app_mention',
        user: 'U0123ABCD',
        text: 'Is the gate open?',
        ts: '1767605400.000100',
        channel: 'C0123ABCD',
        event_ts: '1767605400.000100',
      },
      event_id: 'Ev0123ABCD',
      event_time: 1_767_605_400,
    }),
  },
}

/** Asked once about a new URL (`url_verification`), and now and then whether its certificate is good (`ssl_check`). */
function handshake(request: ProviderRequest, payload: JsonObject): HandshakeAnswer | undefined {
  const contentType = 'text/plain; charset=utf-8'
  if (isForm(request)) {
    return payload['ssl_check'] === '1' ? { status: 200, contentType, body: '' } : undefined
  }
  const { type, challenge } = payload
  if (type !== 'url_verification' || typeof challenge !== 'string') return undefined
  return { status: 200, contentType, body: challenge }
}

function read(request: ProviderRequest, body: JsonObject): Reading {
  if (!isForm(request)) return facts(event(request, body))
  if (!('payload' in body)) return facts(command(request, body))
  const interaction = payloadField(body)
  if (interaction !== undefined) return facts(interactive(request, interaction))
  return { kind: 'misfit', errors: [{ pointer: '/payload', message: 'must be a JSON object' }] }
}

function event(request: ProviderRequest, payload: JsonObject): Facts {
  const type = textAt(payload, '/event/type', '/type') ?? otherType
  const subtype = textAt(payload, '/event/subtype')
  return {
    eventType: subtype === null ? type : `${type}.${subtype}`,
    externalEventId: textAt(payload, '/event_id'),
    occurredAt: parseInstant(valueAt(payload, '/event_time')) ?? sentAt(request),
    subject: textAt(payload, ...eventSubjects),
    data: payload,
  }
}

const eventSubjects = [
  '/event/channel',
  '/event/channel/id',
  '/event/channel_id',
  '/event/item/channel',
  '/event/user',
  '/event/user/id',
  '/team_id',
]

function command(request: ProviderRequest, form: JsonObject): Facts {
  return {
    eventType: 'slash_command',
    externalEventId: textAt(form, '/trigger_id'),
    occurredAt: sentAt(request),
    subject: textAt(form, '/command'),
    data: form,
  }
}

function interactive(request: ProviderRequest, payload: JsonObject): Facts {
  return {
    eventType: textAt(payload, '/type') ?? otherType,
    externalEventId: textAt(payload, '/trigger_id'),
    occurredAt: sentAt(request),
    subject: textAt(payload, '/channel/id', '/user/id', '/team/id'),
    data: payload,
  }
}

function sentAt(request: ProviderRequest): number {
  return parseInstant(request.header('x-slack-request-timestamp')) ?? request.now
}

function facts(of: Facts): Reading {
  return { kind: 'facts', facts: of }
}
