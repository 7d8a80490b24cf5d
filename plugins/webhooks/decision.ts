import type { CircuitOpen, CompleteReply, NoReply } from 'carabiner'
import { type ContentType, contentTypeOf } from './content-type.ts'
import { fieldsOf, type ReplyBody, readBody, shown } from './reply-body.ts'

/** What a reply to `before:EVENT` means. */
export type Decision = Allow | Cancel | NoDecision

interface Allow {
  readonly kind: 'allow'
  /** `null`: it came through the callback. */
  readonly status: number | null
  /** What the receiver wants the caller to know. */
  readonly warnings: readonly string[]
}

interface Cancel {
  readonly kind: 'cancel'
  /** `null`: it came through the callback. */
  readonly status: number | null
  /** `undefined`: the receiver gave none that could be read. */
  readonly reason: string | undefined
  /** The parsed JSON, else the text, else `null`. */
  readonly reply: unknown
}

/** The ERROR of the contract: nothing that could be taken for a yes or a no. `on_failure` says what follows. */
export interface NoDecision {
  readonly kind: 'error'
  readonly error: DecisionError
  /** For people: `answered 503 Service Unavailable`. */
  readonly why: string
  readonly status?: number
  /** Whether another request may do better. */
  readonly again: boolean
  /** Whether nothing left the host, for reasons of its own: that says nothing about the endpoint. @defaultValue false */
  readonly isUnsent?: true
  /** The Retry-After header as it came. */
  readonly retryAfter?: string
}

type DecisionError =
  | 'timeout'
  | 'connect'
  | 'status'
  | 'protocol'
  | 'circuit'
  | 'egress'
  | 'expired'

/** The content type of the reply that cancels an event. */
export const cancelContentType = 'application/vnd.carabiner.errors.CancelEventError+json'

/**
 * Decides what a reply means: the first line that fits decides, and what no line takes is an ALLOW.
 *
 * Status and headers alone are enough for a CANCEL, never for an ALLOW: that needs a complete reply.
 */
export function judge(reply: CompleteReply | NoReply | CircuitOpen): Decision {
  const answer = understand(reply)
  for (const line of lines) {
    const decision = line(answer)
    if (decision !== undefined) return decision
  }
  return allow(answer)
}

/** Lines 1 to 7 of `docs/decisions.md`; `allow` is the eighth. The order is the rule. */
const lines: readonly ((answer: Answer) => Decision | undefined)[] = [
  unreadableContentType,
  cancelEventError,
  refusalWithProblem,
  temporaryTrouble,
  unexpectedStatus,
  pageInsteadOfAnswer,
  disguisedRefusal,
]

const cancelTypes = new Set([
  'application/vnd.opsani.servo.errors.canceleventerror+json',
  cancelContentType.toLowerCase(),
])
const refusalStatuses = new Set([401, 403, 409, 422, 451])
const temporaryStatuses = new Set([408, 425, 429, 500, 502, 503, 504])
const answerStatuses = new Set([200, 201, 202, 204, 208])

/** A reply, reduced to what the lines ask about. */
interface Answer {
  readonly reply: CompleteReply | NoReply | CircuitOpen
  /** `undefined` when not even the head of a reply arrived. */
  readonly status: number | undefined
  readonly statusText: string
  readonly contentType: ContentType
  /** Empty when the reply is not complete. */
  readonly body: ReplyBody
  readonly retryAfter: string | undefined
}

/** Line 1. */
function unreadableContentType({ contentType, status }: Answer): Decision | undefined {
  if (contentType.kind !== 'unreadable') return undefined
  return noDecision('protocol', contentType.why, { status })
}

/** Line 2. */
function cancelEventError({ status, contentType, body }: Answer): Decision | undefined {
  if (status === undefined || !(isSuccess(status) || refusalStatuses.has(status))) return undefined
  if (contentType.kind !== 'one' || !cancelTypes.has(contentType.essence)) return undefined
  return { kind: 'cancel', status, reason: text(fieldsOf(body)?.['reason']), reply: shown(body) }
}

/** Line 3. */
function refusalWithProblem(answer: Answer): Decision | undefined {
  const { status, contentType, body } = answer
  if (status === undefined || !refusalStatuses.has(status)) return undefined
  if (!is(contentType, 'application/problem+json')) return undefined
  const fields = fieldsOf(body)
  const reason = text(fields?.['detail']) ?? text(fields?.['title']) ?? statusTextOf(answer)
  return { kind: 'cancel', status, reason, reply: shown(body) }
}

/** Line 4. */
function temporaryTrouble(answer: Answer): Decision | undefined {
  const { reply, status, retryAfter } = answer
  switch (reply.kind) {
    case 'circuit-open':
      return noDecision('circuit', 'the circuit is open, nothing was sent', { isUnsent: true })
    case 'no-reply':
      return noDecision(errorOf(reply), reply.message, {
        status,
        again: !final.has(reply.error),
        isUnsent: reply.error === 'over-limit' && reply.head === undefined,
        retryAfter,
      })
    case 'reply':
      if (!temporaryStatuses.has(reply.status)) return undefined
      return noDecision('status', answered(answer), { status, again: true, retryAfter })
  }
}

/** Line 5. */
function unexpectedStatus(answer: Answer): Decision | undefined {
  const { status } = answer
  if (status !== undefined && answerStatuses.has(status)) return undefined
  return noDecision('status', answered(answer), { status })
}

/** Line 6. */
function pageInsteadOfAnswer({ status, contentType }: Answer): Decision | undefined {
  if (status === 204) return undefined
  if (!is(contentType, 'text/html') && !is(contentType, 'application/problem+json'))
    return undefined
  return noDecision('protocol', `answered ${contentType.essence}: answer 204, or JSON`, { status })
}

/** Line 7. */
function disguisedRefusal({ status, contentType, body }: Answer): Decision | undefined {
  if (status === 204 || !is(contentType, 'application/json')) return undefined
  const advice = `looks like a refusal: send it as ${cancelContentType}`
  if (body.kind !== 'json') {
    return noDecision('protocol', `answered application/json that is not JSON; ${advice}`, {
      status,
    })
  }
  if (!looksLikeRefusal(fieldsOf(body))) return undefined
  return noDecision('protocol', `the reply ${advice}`, { status })
}

/** Line 8. */
function allow({ status = 0, body }: Answer): Decision {
  const warnings = fieldsOf(body)?.['warnings']
  const told = Array.isArray(warnings) ? warnings : []
  return { kind: 'allow', status, warnings: told.filter((each) => typeof each === 'string') }
}

/** An `error` that is `null` or `false` says that there is none. */
function looksLikeRefusal(fields: Readonly<Record<string, unknown>> | undefined): boolean {
  if (fields === undefined) return false
  const verdicts = [fields['allow'], fields['allowed'], fields['approved']]
  if (verdicts.includes(false)) return true
  if (verdicts.includes(true)) return false
  const { reason, error = null } = fields
  return typeof reason === 'string' || (error !== null && error !== false)
}

const nothing: ReplyBody = { kind: 'empty' }

function understand(reply: CompleteReply | NoReply | CircuitOpen): Answer {
  const head = headOf(reply)
  return {
    reply,
    status: head?.status,
    statusText: head?.statusText ?? '',
    contentType: contentTypeOf(head?.headers ?? []),
    body: reply.kind === 'reply' ? readBody(reply.body) : nothing,
    retryAfter: head?.headers.find(([name]) => name.toLowerCase() === 'retry-after')?.[1],
  }
}

function headOf(reply: CompleteReply | NoReply | CircuitOpen): NoReply['head'] {
  switch (reply.kind) {
    case 'reply':
      return reply
    case 'no-reply':
      return reply.head
    case 'circuit-open':
      return undefined
  }
}

/** Causes after which another request would come to the same. */
const final: ReadonlySet<NoReply['error']> = new Set(['over-limit', 'egress', 'aborted'])

function errorOf({ error }: NoReply): DecisionError {
  switch (error) {
    case 'timeout':
    case 'aborted':
      return 'timeout'
    case 'connect':
    case 'cut-off':
      return 'connect'
    case 'over-limit':
    case 'protocol':
      return 'protocol'
    case 'egress':
      return 'egress'
  }
}

function noDecision(
  error: DecisionError,
  why: string,
  more: {
    status?: number | undefined
    again?: boolean
    isUnsent?: boolean
    retryAfter?: string | undefined
  } = {},
): NoDecision {
  const { status, again = false, isUnsent = false, retryAfter } = more
  return {
    kind: 'error',
    error,
    why,
    again,
    ...(isUnsent && { isUnsent }),
    ...(status !== undefined && { status }),
    ...(retryAfter !== undefined && { retryAfter }),
  }
}

function answered(answer: Answer): string {
  return `answered ${answer.status} ${statusTextOf(answer)}`
}

function statusTextOf({ statusText, status = 0 }: Answer): string {
  if (statusText !== '') return statusText
  // Not imported: an import of node:http loads all of Node's fetch at start.
  return process.getBuiltinModule('node:http').STATUS_CODES[status] ?? 'without a status text'
}

function is(
  contentType: ContentType,
  essence: string,
): contentType is ContentType & { readonly kind: 'one' } {
  return contentType.kind === 'one' && contentType.essence === essence
}

function isSuccess(status: number): boolean {
  return status >= 200 && status < 300
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}
