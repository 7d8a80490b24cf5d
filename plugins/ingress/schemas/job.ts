import { type TObject, Type } from 'typebox'
import { closed, Moment, oneOf, orNull, Text, Uuid } from './fields.ts'

/** A piece of work on an event: an attempt that was made, is being made, or waits. */
export const JobBody: TObject = Type.Object(
  {
    id: Uuid,
    normalizedEventId: Uuid,
    queueName: Type.Unsafe<string>({ ...Text, description: 'The endpoint' }),
    triggeredBy: oneOf(['webhook', 'retry', 'replay']),
    status: oneOf(['queued', 'running', 'succeeded', 'failed']),
    attemptNo: Type.Integer({ minimum: 1, description: 'Of its delivery' }),
    scheduledAt: Moment,
    startedAt: orNull(Moment),
    completedAt: orNull(Moment),
    errorMessage: orNull(Text),
    createdAt: Moment,
  },
  { ...closed, title: 'ProcessingJob' },
)
