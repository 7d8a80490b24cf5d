import { defineEvent, type EventDefinition } from 'carabiner'
import { Type } from 'typebox'

const orNull = (description: string) =>
  Type.Unsafe<string | null>({ anyOf: [{ type: 'string' }, { type: 'null' }], description })

/** What is resolved has all of it; who rehearses a veto need not say the rest. */
const Resolved = Type.Object({
  id: Type.String({ description: 'The callback’s id' }),
  action: Type.Unsafe<'complete' | 'fail' | 'expire'>({
    type: 'string',
    enum: ['complete', 'fail', 'expire'],
    description: 'What ended it',
  }),
  payload: Type.Optional(Type.Unknown({ description: 'What it was completed with' })),
  error: Type.Optional(orNull('Why it failed; null for a complete')),
  by: Type.Optional(orNull('The connector, or `connector/webhook`, that opened it')),
  event: Type.Optional(orNull('The event whose handler opened it')),
  dispatchId: Type.Optional(orNull('The dispatch that waits for it')),
  meta: Type.Optional(Type.Unknown({ description: 'What whoever opened it wanted to know again' })),
})

/** A callback was answered or has expired, and what waits for it is about to go on. A veto lets it count as failed. */
export const callbacksResolved: EventDefinition<'callbacks.resolved', typeof Resolved> =
  defineEvent('callbacks.resolved', {
    description: 'A callback was answered or has expired; a veto lets it count as failed',
    params: Resolved,
    // What a handler does may open and answer callbacks of its own.
    reentrant: true,
    parks: false,
  })
