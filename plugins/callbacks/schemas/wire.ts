import { type TObject, Type } from 'typebox'

const closed = { additionalProperties: false }

/** Where a callback stands. */
export const State: ReturnType<typeof Type.Unsafe<'WaitingExternal' | 'Completed' | 'Failed'>> =
  Type.Unsafe<'WaitingExternal' | 'Completed' | 'Failed'>({
    type: 'string',
    enum: ['WaitingExternal', 'Completed', 'Failed'],
  })

/** A callback's id: UUIDv4. */
export const CallbackId: ReturnType<typeof Type.Unsafe<string>> = Type.Unsafe<string>({
  type: 'string',
  pattern: '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$',
  examples: ['550e8400-e29b-41d4-a716-446655440000'],
})

/** What the one who answers is told. */
export const Answered: TObject = Type.Object(
  { id: CallbackId, state: State },
  { ...closed, title: 'CallbackAnswered' },
)

/** What is told of a refusal, whatever it is. */
export const Refused: TObject = Type.Object(
  { error: Type.String() },
  { ...closed, title: 'CallbackRefused' },
)
