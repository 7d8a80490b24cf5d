import { otherType, type Reading } from './facts.ts'
import { parseInstant } from './instant.ts'
import { textAt } from './payload.ts'
import type { JsonObject, ProviderRequest } from './provider.ts'
import type { ProviderKind } from './provider-kind.ts'
import { twilioRequest } from './twilio-request.ts'

/** https://www.twilio.com/docs/usage/webhooks */
export const twilio: ProviderKind = {
  bodies: ['form', 'json'],
  schemes: [{ scheme: twilioRequest }],
  read,
  sample: {
    contentType: 'application/x-www-form-urlencoded',
    body: new URLSearchParams({
      ToCountry: 'US',
      SmsMessageSid: 'SM0123456789abcdef0123456789abcdef',
      NumMedia: '0',
      SmsStatus: 'received',
      Body: 'Is the gate open?',
      To: '+15551230001',
      MessageSid: 'SM0123456789abcdef0123456789abcdef',
      AccountSid: 'AC0123456789abcdef0123456789abcdef',
      From: '+15551230002',
      ApiVersion: '2010-04-01',
    }).toString(),
  },
}

function read({ now }: ProviderRequest, payload: JsonObject): Reading {
  const subject = subjects.find(({ sid }) => textAt(payload, sid) !== null) ?? anything
  const sid = textAt(payload, subject.sid)
  const state = textAt(payload, ...subject.states)
  return {
    kind: 'facts',
    facts: {
      eventType: [subject.name, state].filter((part) => part !== null).join('.'),
      externalEventId: sid === null ? null : idOf(sid, subject, state, payload),
      occurredAt: occurrence(payload) ?? now,
      subject: sid,
      data: payload,
    },
  }
}

/** What a request can be about: the one with the more particular Sid first, as a recording names its call too. */
interface Subject {
  readonly name: string
  readonly sid: string
  /** Where the state stands that it tells of. */
  readonly states: readonly string[]
  /** What tells equal states apart. */
  readonly parts?: readonly string[]
  /** Whether it can have a state more than once. */
  readonly repeats?: (state: string | null) => boolean
}

const subjects: readonly Subject[] = [
  {
    name: 'transcription',
    sid: '/TranscriptionSid',
    states: ['/TranscriptionEvent', '/TranscriptionStatus'],
    parts: ['/SequenceId'],
  },
  { name: 'recording', sid: '/RecordingSid', states: ['/RecordingStatus'] },
  {
    name: 'conference',
    sid: '/ConferenceSid',
    states: ['/StatusCallbackEvent'],
    parts: ['/SequenceNumber'],
    repeats: () => true,
  },
  {
    name: 'conversation',
    sid: '/ConversationSid',
    states: ['/EventType'],
    parts: ['/MessageSid'],
    repeats: () => true,
  },
  { name: 'message', sid: '/MessageSid', states: ['/MessageStatus', '/SmsStatus'] },
  { name: 'message', sid: '/SmsSid', states: ['/SmsStatus'] },
  {
    name: 'call',
    sid: '/CallSid',
    states: ['/CallStatus'],
    parts: ['/SequenceNumber'],
    repeats: (state) => state === 'in-progress',
  },
  { name: 'debugger', sid: '/Sid', states: ['/Level'] },
]
const anything: Subject = { name: otherType, sid: '/Sid', states: ['/EventType'] }

/** A Sid alone would take each change of a state for a copy of the first. `null`: the payload is to tell. */
function idOf(
  sid: string,
  { parts = [], repeats = () => false }: Subject,
  state: string | null,
  payload: JsonObject,
): string | null {
  const part = textAt(payload, ...parts)
  if (part === null && repeats(state)) return null
  return [sid, state, part].filter((each) => each !== null && each !== 'received').join(':')
}

/** Calls tell it as RFC 2822 writes times: `Mon, 05 Jan 2026 09:30:00 +0000`. */
function occurrence(payload: JsonObject): number | undefined {
  const time = textAt(payload, '/Timestamp', '/DateCreated', '/timestamp')
  if (time === null) return undefined
  const isRfc2822 = /^[A-Z][a-z]{2}, \d{1,2} [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d [+-]\d{4}$/.test(
    time,
  )
  return parseInstant(isRfc2822 ? Date.parse(time) : time)
}
