import { type Static, type TObject, Type } from 'typebox'
import { replayStatuses } from '../books/replay-record.ts'
import { page, pageFields, success } from './envelope.ts'
import { closed, Moment, oneOf, storable, Text, Uuid } from './fields.ts'

export const ReplayBody = Type.Object(
  {
    requestedBy: Type.Optional(
      Type.Unsafe<string>({
        type: 'string',
        pattern: storable,
        minLength: 2,
        maxLength: 120,
        default: 'api-user',
        description: 'Who wants it: for the audit trail',
      }),
    ),
    reason: Type.Unsafe<string>({
      type: 'string',
      pattern: storable,
      minLength: 5,
      maxLength: 500,
      description: 'Why',
      examples: ['the receiver was down'],
    }),
  },
  { ...closed, title: 'ReplayRequest' },
)

export type ReplayBody = Static<typeof ReplayBody>

const Replay = Type.Object(
  {
    id: Uuid,
    eventId: Uuid,
    requestedBy: Text,
    reason: Text,
    status: oneOf(replayStatuses),
    createdAt: Moment,
    updatedAt: Moment,
  },
  { ...closed, title: 'EventReplay' },
)

export const ReplaysQuery = Type.Object(
  {
    ...pageFields,
    status: Type.Optional(oneOf(replayStatuses, 'Only those that stand so')),
    eventId: Type.Optional(
      Type.Unsafe<string>({ ...Uuid, description: 'Only replays of this event' }),
    ),
  },
  closed,
)

export type ReplaysQuery = Static<typeof ReplaysQuery>

export const ReplaysAnswer: TObject = page(Replay)

export const ReplayAnswer: TObject = success(Replay)

export const ReplayedAnswer: TObject = success(
  Type.Object({ replayRequestId: Uuid, eventId: Uuid }, closed),
)
