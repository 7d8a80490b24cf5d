import {
  answer,
  type ConnectorRoute,
  type Failure,
  type Outcome,
  type RouteAnswer,
  RouteError,
  type RouteRequest,
} from 'carabiner'
import type { PageOf } from '../books/page.ts'
import type { Replay } from '../books/replay-record.ts'
import type { IngressConfig } from '../config.ts'
import { ingressReplay } from '../ingress-events.ts'
import { IdPath } from '../schemas/fields.ts'
import {
  ReplayAnswer,
  ReplayBody,
  ReplayedAnswer,
  ReplaysAnswer,
  ReplaysQuery,
} from '../schemas/replay.ts'
import type { Service } from '../service.ts'
import { replayView } from '../views/replay-view.ts'
import { findEvent } from './events.ts'
import { idIn, managementRoute, notFound } from './management-route.ts'
import { cut, type Place, pageAnswer, placeOf } from './page.ts'

export const replayRoutes: readonly ConnectorRoute<IngressConfig>[] = [
  managementRoute({
    method: 'POST',
    path: '/events/:id/replay',
    operation: {
      id: 'replayEvent',
      summary: 'Deliver an event once more, with a full set of tries',
      description:
        'It is recorded before anything is queued. A before handler or webhook of `ingress.replay` can veto it: 403 with the reason.',
    },
    params: IdPath,
    body: ReplayBody,
    success: { status: 202, description: 'It is on its way', body: ReplayedAnswer },
    refusals: [403, 404, 409, 504, 508],
    handle: replayEvent,
  }),
  managementRoute({
    method: 'GET',
    path: '/replays',
    operation: {
      id: 'listReplays',
      summary: 'List replays, newest first',
      description: 'Of one event, its newest 1,000.',
    },
    query: ReplaysQuery,
    success: { description: 'A page', body: ReplaysAnswer },
    async handle(service, request) {
      const query = request.query as ReplaysQuery // as the schema says
      const place = placeOf(query)
      const { items, total } = await find(service, query, place)
      return pageAnswer(place, { items: items.map(replayView), total })
    },
  }),
  managementRoute({
    method: 'GET',
    path: '/replays/:id',
    operation: { id: 'getReplay', summary: 'Show one replay' },
    params: IdPath,
    success: { description: 'The replay', body: ReplayAnswer },
    refusals: [404],
    async handle({ replays }, request) {
      const id = idIn(request)
      const replay = await replays.find(id)
      if (replay === undefined) throw notFound('Replay', id)
      return answer(replayView(replay))
    },
  }),
]

async function replayEvent(service: Service, request: RouteRequest): Promise<RouteAnswer> {
  const { requestedBy = 'api-user', reason } = request.body as ReplayBody // as the schema says
  const { id, provider } = await findEvent(service, idIn(request))
  const { scope } = service
  const outcome = await scope.dispatch(
    ingressReplay,
    { eventId: id, provider, requestedBy, reason },
    { traceId: request.traceId, depth: request.depth, actor: request.caller ?? requestedBy },
  )
  return answer(replayedBy(scope.id, outcome), { status: 202 })
}

type ReplayOutcome = Outcome<{ readonly replayRequestId: string; readonly eventId: string }>

/** What this connector made of it. @throws {RouteError} it was vetoed, or could not be done */
function replayedBy(connector: string, outcome: ReplayOutcome): object {
  switch (outcome.kind) {
    case 'cancelled':
      throw new RouteError({ status: 403, code: 'FORBIDDEN', message: outcome.reason })
    case 'failed':
      throw failed(outcome.failures)
    case 'parked':
      throw failed([]) // the event does not park
    case 'completed': {
      const own = outcome.results.find((result) => result.connector === connector)
      if (own !== undefined && 'value' in own && own.value !== null) return own.value
      throw failed([])
    }
  }
}

function failed(failures: readonly Failure[]): RouteError {
  const codes = failures.map(({ code }) => code)
  const message = failures[0]?.message ?? 'nobody has replayed it'
  if (codes.includes('STORE_UNAVAILABLE') || codes.includes('SHUTTING_DOWN')) {
    const headers = { 'retry-after': '5' }
    return new RouteError({ status: 503, code: 'DEPENDENCY_UNAVAILABLE', message, headers })
  }
  if (codes.includes('MESSAGE_ERASED') || codes.includes('ENDPOINT_UNKNOWN')) {
    return new RouteError({ status: 409, code: 'CONFLICT', message })
  }
  return codes.includes('DEADLINE_EXCEEDED')
    ? new RouteError({ status: 504, code: 'DEADLINE_EXCEEDED', message })
    : new RouteError({ status: 500, code: 'EVENT_FAILED', message, details: { failures } })
}

const mostOfEvent = 1_000

async function find(
  { replays }: Pick<Service, 'replays'>,
  { status, eventId }: ReplaysQuery,
  place: Place,
): Promise<PageOf<Replay>> {
  if (eventId === undefined) return replays.list({ status, ...place })
  const ofEvent = await replays.of(eventId.toLowerCase(), mostOfEvent)
  return cut(
    ofEvent.filter((replay) => replay.status === (status ?? replay.status)),
    place,
  )
}
