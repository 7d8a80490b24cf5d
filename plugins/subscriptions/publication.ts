import { CarabinerError, type Outcome, type ParamsOf, type RecordWrite } from 'carabiner'
import type { ApiCall } from './api-route.ts'
import { actorOf, type Call } from './call.ts'
import { type Publication, publishEvent } from './publish-event.ts'
import type { PublishBody } from './schemas/event.ts'
import { type Refused, refusal } from './surface.ts'
import { toldVeto } from './veto.ts'

/** What somebody publishes over HTTP. */
export interface Submission {
  readonly id: string
  readonly body: PublishBody
  /** The JSON text the body was read from. */
  readonly text: string
  /** A record that is to be committed with the event. */
  readonly record?: ((publication: Publication) => RecordWrite) | undefined
}

/** It is stored; or a before handler said no, and nothing is. */
export type Submitted =
  | { readonly kind: 'published'; readonly publication: Publication }
  | { readonly kind: 'vetoed'; readonly refused: Refused }

/** What came of an offer. */
export type Offered =
  | { readonly kind: 'published'; readonly publication: Publication }
  | Pick<Cancelled, 'kind' | 'by' | 'reason' | 'details'>
  | (Pick<Failed, 'kind' | 'failures'> & {
      /** What kept the event from being stored, if it came to that. */
      readonly cause: unknown
    })

/**
 * Publishes on behalf of a caller over HTTP.
 *
 * @throws {RecordConflictError} the record to be committed with it is another's by now
 * @throws {RouteError} 500, 503, 504; {CarabinerError} what kept it from being stored
 */
export async function submit(call: ApiCall, submission: Submission): Promise<Submitted> {
  const { id, body, text, record } = submission
  const { event_type: type, source, payload } = body
  const offered = await offer(call, {
    params: { id, owner: call.owner, type, source, payload },
    text,
    record,
  })
  switch (offered.kind) {
    case 'published':
      return offered
    case 'cancelled':
      return { kind: 'vetoed', refused: toldVeto(offered) }
    case 'failed':
      throw offered.cause ?? failureOf(offered)
  }
}

/** Dispatches `subscriptions.publish`. That somebody said no is written down. @throws {RecordConflictError} */
export async function offer(call: Call, { params, text, record }: Offer): Promise<Offered> {
  const { service, caller, request } = call
  const failed: unknown[] = []
  const outcome = await service.intake.with(
    params.id,
    { record, failed: (error) => failed.push(error) },
    () =>
      service.scope.dispatch(publishEvent, params, {
        traceId: request.traceId,
        depth: request.depth,
        actor: actorOf(caller),
        source: text,
      }),
  )
  switch (outcome.kind) {
    case 'completed':
      return { kind: 'published', publication: publicationIn(outcome, service.scope.id) }
    case 'cancelled':
      await noteVeto(call, params, outcome)
      return outcome
    case 'failed':
      return { kind: 'failed', failures: outcome.failures, cause: failed[0] }
    case 'parked':
      return { kind: 'failed', failures: [], cause: failed[0] } // the event does not park
  }
}

/** How a caller is told of what came of it. */
export function publishedBody({ owner }: ApiCall, body: PublishBody, publication: Publication) {
  const { event_id, accepted_at, ...counters } = publication
  return {
    ok: true,
    accepted_at,
    event_type: body.event_type,
    source: body.source,
    owner_agent: owner,
    event_id,
    ...counters,
  }
}

/** What is dispatched. */
export interface Offer {
  readonly params: ParamsOf<typeof publishEvent> & { readonly id: string }
  /** The JSON text in which the payload is the member `payload`. */
  readonly text: string
  /** A record that is to be committed with the event. */
  readonly record?: Submission['record']
}

type Completed = Extract<Outcome<Publication>, { readonly kind: 'completed' }>
type Cancelled = Extract<Outcome, { readonly kind: 'cancelled' }>
type Failed = Extract<Outcome, { readonly kind: 'failed' }>

/** Of this connector: others may have on handlers of their own. */
function publicationIn({ results }: Completed, connector: string): Publication {
  for (const result of results) {
    if (result.connector === connector && 'value' in result && result.value !== null) {
      return result.value
    }
  }
  throw new CarabinerError('HANDLER_FAILED', 'nobody has stored the event')
}

function noteVeto(
  { service, caller }: Call,
  { id, owner, tenant, type }: Offer['params'],
  { by, reason }: Cancelled,
): Promise<void> {
  return service.scope.audit({
    entityType: 'event',
    entityId: id,
    action: 'event.cancelled',
    actor: actorOf(caller),
    details: { ...(tenant === undefined ? { owner } : { tenant }), type, by, reason },
  })
}

/** What handlers say of their own failures is for the log of the host alone. */
function failureOf({ failures }: Pick<Failed, 'failures'>): Error {
  const codes = new Set(failures.map(({ code }) => code))
  if (codes.has('STORE_UNAVAILABLE') || codes.has('DELIVERY_NOT_STORED')) {
    return new CarabinerError('STORE_UNAVAILABLE', 'the store is away')
  }
  if (codes.has('DEADLINE_EXCEEDED') || codes.has('HANDLER_TIMEOUT')) {
    const message = 'the event could not be decided in time'
    return refusal({ status: 504, code: 'deadline_exceeded', message })
  }
  return refusal({ status: 500, code: 'event_failed', message: 'a handler of the event failed' })
}
