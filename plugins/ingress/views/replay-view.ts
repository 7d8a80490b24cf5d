import type { Replay } from '../books/replay-record.ts'
import { rfc3339 } from './time.ts'

/** A replay as the API and the command line show it. */
export interface ReplayView
  extends Pick<Replay, 'id' | 'eventId' | 'requestedBy' | 'reason' | 'status'> {
  readonly createdAt: string
  readonly updatedAt: string
}

export function replayView(replay: Replay): ReplayView {
  const { id, eventId, requestedBy, reason, status } = replay
  return {
    id,
    eventId,
    requestedBy,
    reason,
    status,
    createdAt: rfc3339(replay.createdAt),
    updatedAt: rfc3339(replay.updatedAt),
  }
}
