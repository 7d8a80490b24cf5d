import type { CircuitOpen, CompleteReply, NoReply } from 'carabiner'
import { cancelContentType, type Decision } from '../decision.ts'
import { fieldsOf, readBody } from '../reply-body.ts'

/** What was sent and what came back. */
export interface Exchange {
  /** Content type of the request. */
  readonly contentType: string
  readonly reply: CompleteReply | NoReply | CircuitOpen
  readonly decision: Decision | undefined
  /** Whether the request hands out a callback that is to decide. */
  readonly handsOutCallback: boolean
}

/** What a person whose receiver did not answer as it should may want to look at. */
export function hintsFor(exchange: Exchange): readonly string[] {
  const { contentType, reply, decision } = exchange
  if (reply.kind === 'circuit-open') return []
  if (reply.kind === 'no-reply') return isConnectionMissing(reply) ? [hintForConnection(reply)] : []
  const hints = hintsForStatus(reply.status)
  if (mayHaveMissedTheBody(reply.status, decision) && !isPlainJson(contentType)) {
    hints.push(emptyBody(contentType))
  }
  if (decision?.kind === 'allow' && exchange.handsOutCallback) hints.push(parked)
  if (decision?.kind === 'allow' && mentionsRefusal(reply.body)) hints.push(unheardRefusal)
  return hints
}

function isConnectionMissing({ error, message }: NoReply): boolean {
  return error === 'connect' || (error === 'timeout' && message.startsWith('no connection '))
}

function hintForConnection({ message }: NoReply): string {
  // Of one that failed, or that the connection was awaited through.
  if (/(?:^| )the proxy /.test(message)) return '`host.egress.proxy` leads every request there'
  if (certificateCode.test(message)) return 'see `cert`, `key`, `ca` and `server_name` of its `tls`'
  if (unknownHostCode.test(message)) return 'is the host of the URL spelt right?'
  if (/ within \d+ ms$/.test(message)) return unanswered
  return 'does anything listen there? `carabiner listen` is a receiver to try with'
}

/** What TLS says of a certificate, ours or theirs. */
const certificateCode =
  /\((ERR_SSL_|ERR_TLS_CERT_|CERT_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_)[^)]*\)$/

/** What name servers say of a name that leads nowhere. */
const unknownHostCode = /\((?:ENOTFOUND|EAI_AGAIN|ENODATA)\)$/

const unanswered =
  'nothing came back, no refusal either: does a firewall, or the proxy of `host.egress`, hold it?'

const parked =
  'this ALLOW parks the event until the callback is answered; that of this request is withdrawn now'
const unheardRefusal = `the reply reads like a refusal and is an ALLOW: send it as ${cancelContentType}`

function emptyBody(contentType: string): string {
  const own = contentType.split(';')[0]
  return `express.json() leaves req.body empty for ${own}: set \`content_type: application/json\`, or read it with express.raw({ type: '*/*' })`
}

function hintsForStatus(status: number): string[] {
  if (status >= 300 && status < 400) return ['redirects are not followed: give the final URL']
  switch (status) {
    case 404:
      return ["is the URL's path right?"]
    case 405:
      return ['the request is a POST: does the route take one?']
    case 410:
      return ['410 says: never again. It disables a webhook that is owed deliveries']
    case 413:
      return ['the receiver takes no body of this size']
    case 401:
    case 403:
      return ['does the receiver check the signature with the same secret, over the raw body?']
    default:
      return []
  }
}

/** Statuses with which receivers answer when the body they got was empty. */
const confused = new Set([400, 401, 403, 415, 422, 500])

function mayHaveMissedTheBody(status: number, decision: Decision | undefined): boolean {
  return confused.has(status) && decision?.kind !== 'cancel'
}

function isPlainJson(contentType: string): boolean {
  return /^application\/json\s*(;|$)/i.test(contentType)
}

function mentionsRefusal(body: Uint8Array): boolean {
  const fields = fieldsOf(readBody(body))
  if (fields === undefined) return false
  return (
    [fields['allow'], fields['allowed'], fields['approved']].includes(false) || 'error' in fields
  )
}
