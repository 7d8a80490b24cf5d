import { newId, RecordConflictError } from 'carabiner'
import { actorOf, type Call } from './call.ts'
import { type Counters, countersOf } from './counters.ts'
import { asMessageId, events, mostReplays, type PublishedEvent, toRecord } from './event.ts'
import { foundOrRefused } from './not-found.ts'
import type { AnswerWith, Keep } from './once.ts'
import { messageOfEvent, waiting } from './publish.ts'
import type { Service } from './service.ts'
import { rfc3339 } from './subscription.ts'
import { refusal } from './surface.ts'

interface Replayed extends Counters {
  readonly ok: true
  readonly event_id: string
  readonly owner_agent: string
  readonly event_type: string
  readonly replayed_at: string
}

/** An event of the caller's owner. @throws {RouteError} 404 */
export function findEvent(
  { service, owner }: Pick<Call, 'service' | 'owner'>,
  id: string,
): Promise<PublishedEvent> {
  const looking = service.events.find(owner, id)
  return foundOrRefused(service.scope.clock, looking, {
    code: 'event_not_found',
    message: 'event not found',
  })
}

/**
 * Sends an event again, to the subscriptions that are active now.
 *
 * Of two replays at the same time one is made: they change the same record.
 *
 * @throws {RouteError} 404; 409 while the last replay is under way, and when the payload was erased
 */
export async function replay(call: Call, id: string, keep: Keep): Promise<AnswerWith<Replayed>> {
  const { service } = call
  const event = await findEvent(call, id)
  if (event.payload === null) throw erased()
  const { owner, type } = event
  const [isBusy, matching] = await Promise.all([
    isReplaying(service, event),
    service.subscriptions.matching(owner, type),
  ])
  if (isBusy) throw underWay()

  const now = service.scope.clock.now()
  const messageId = asMessageId(newId())
  const replays = [...event.replays, { messageId, at: now }].slice(-mostReplays)
  const answerWith = (counters: Counters): AnswerWith<Replayed> => ({
    status: 200,
    body: {
      ok: true,
      event_id: event.id,
      owner_agent: owner,
      event_type: type,
      ...counters,
      replayed_at: rfc3339(now),
    },
  })
  const queued = countersOf(matching.map(() => ({ state: 'pending', attempts: 0 }) as const))
  const kept = answerWith(queued)
  try {
    const sent = await service.scope.deliveries.send(
      matching.length === 0
        ? []
        : [
            messageOfEvent(service, event, matching, {
              id: messageId,
              origin: 'replay',
              traceId: call.request.traceId,
              depth: call.request.depth + 1,
              payload: event.payload,
            }),
          ],
      {
        records: [toRecord({ ...event, replays }), ...(keep === undefined ? [] : [keep(kept)])],
        audit: [
          {
            entityType: 'event',
            entityId: event.id,
            action: 'event.replayed',
            actor: actorOf(call.caller),
            details: { owner, type, message: messageId, deliveries: matching.length },
          },
        ],
        ...waiting(service),
      },
    )
    const counters = countersOf(sent)
    return isSame(counters, queued) ? kept : answerWith(counters)
  } catch (error) {
    // Somebody else was first, and their replay has only begun.
    if (error instanceof RecordConflictError && error.collection === events) throw underWay()
    throw error
  }
}

/** Whether two answers would say the same: then the one that was stored with the event is given. */
export function isSame(one: object, other: object): boolean {
  return JSON.stringify(one) === JSON.stringify(other)
}

/** Whether its last replay is still under way. */
export async function isReplaying(
  { scope }: Pick<Service, 'scope'>,
  { replays }: PublishedEvent,
): Promise<boolean> {
  const last = replays.at(-1)
  if (last === undefined) return false
  const [tally] = await scope.store.tally([last.messageId])
  return tally !== undefined && tally.pending + tally.sending > 0
}

function underWay(): Error {
  const message = 'a replay of this event is still pending'
  return refusal({ status: 409, code: 'replay_pending', message })
}

function erased(): Error {
  const message = 'the payload of this event was erased'
  return refusal({ status: 409, code: 'event_erased', message })
}
