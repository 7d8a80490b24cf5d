import { CarabinerError, type Outcome, type RecordWrite } from 'carabiner'
import { type ApiCall, actorOf } from './api-route.ts'
import { type Publication, publishEvent } from './publish-event.ts'
import type { PublishBody } from './schemas/event.ts'
import { type Refused, refusal } from './surface.ts'

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

/**
 * Dispatches `subscriptions.publish` on behalf of a caller.
 *
 * @throws {RecordConflictError} the record to be committed with it is another's by now
 * @throws {RouteError} 500, 503, 504; {CarabinerError} what kept it from being stored
 */
export async function submit(call: ApiCall, submission: Submission): Promise<Submitted> {
  const { service, owner, caller, request } = call
  const { id, body, text, record } = submission
  const failed: unknown[] = []
  const outcome = await service.intake.with(
    id,
    { record, failed: (error) => failed.push(error) },
    () =>
      service.scope.dispatch(
        publishEvent,
        { id, owner, type: body.event_type, source: body.source, payload: body.payload },
        {
          traceId: request.traceId,
          depth: request.depth,
          actor: actorOf(caller),
          source: text,
        },
      ),
  )
  switch (outcome.kind) {
    case 'completed':
      return { kind: 'published', publication: publicationIn(outcome, service.scope.id) }
    case 'cancelled':
      await noteVeto(call, submission, outcome)
      return { kind: 'vetoed', refused: vetoed(outcome.reason) }
    case 'failed':
      throw failed[0] ?? failureOf(outcome)
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

function vetoed(reason: string): Refused {
  return { status: 403, code: 'event_cancelled', message: reason }
}

function noteVeto(
  { service, owner, caller }: ApiCall,
  { id, body }: Submission,
  { by, reason }: Cancelled,
): Promise<void> {
  return service.scope.audit({
    entityType: 'event',
    entityId: id,
    action: 'event.cancelled',
    actor: actorOf(caller),
    details: { owner, type: body.event_type, by, reason },
  })
}

/** What handlers say of their own failures is for the log of the host alone. */
function failureOf({ failures }: Failed): Error {
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
