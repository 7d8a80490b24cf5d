import {
  type CallbackAction,
  defaultHeartbeatSeconds,
  longestHeartbeatSeconds,
} from 'carabiner/callbacks'
import { type TObject, Type } from 'typebox'

/** What can be done to a callback: its body, and what comes of it. */
export interface ActionFacts {
  readonly summary: string
  readonly body: TObject
}

/** The three actions, in the order in which they are shown. */
export const actions: Readonly<Record<CallbackAction, ActionFacts>> = {
  complete: {
    summary: 'Complete a callback',
    body: Type.Object(
      { payload: Type.Optional(Type.Unknown({ description: 'Any JSON; kept byte for byte' })) },
      { title: 'CallbackCompletion' },
    ),
  },
  fail: {
    summary: 'Let a callback fail',
    body: Type.Object(
      { error: Type.String({ description: 'Why', examples: ['not in stock'] }) },
      { title: 'CallbackFailure' },
    ),
  },
  heartbeat: {
    summary: 'Let a callback wait longer',
    body: Type.Object(
      {
        timeout_seconds: Type.Optional(
          Type.Number({
            minimum: 0,
            maximum: longestHeartbeatSeconds,
            default: defaultHeartbeatSeconds,
            description: 'How long from now',
          }),
        ),
      },
      { title: 'CallbackHeartbeat' },
    ),
  },
}

export const actionNames: readonly CallbackAction[] = ['complete', 'fail', 'heartbeat']
