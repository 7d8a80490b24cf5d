import { type Static, type TObject, type TSchema, Type } from 'typebox'
import { Answered, CallbackId, State } from './wire.ts'

const closed = { additionalProperties: false }

const Moment = Type.Unsafe<string>({
  type: 'string',
  format: 'date-time',
  examples: ['2026-03-01T12:00:00.000Z'],
})

function orNull(schema: TSchema, description?: string): TSchema {
  return Type.Unsafe<unknown>({
    anyOf: [schema, { type: 'null' }],
    ...(description !== undefined && { description }),
  })
}

const listed = {
  id: CallbackId,
  state: State,
  waiter: Type.String({ description: 'Who waits for the answer' }),
  by: orNull(Type.String(), 'The connector, or `connector/webhook`, that opened it'),
  event: orNull(Type.String(), 'The event whose handler opened it'),
  dispatchId: orNull(Type.String(), 'The dispatch that waits for it'),
  meta: Type.Unknown({ description: 'What whoever opened it wanted to know again' }),
  createdAt: Moment,
  deadline: Moment,
  resolvedAt: orNull(Moment),
  resolvedBy: orNull(
    Type.Unsafe<string>({ type: 'string', enum: ['complete', 'fail', 'expiry'] }),
    'What ended it',
  ),
  error: orNull(Type.String(), 'Why it failed; null after an erasure'),
}

const Listed = Type.Object(listed, { ...closed, title: 'Callback' })

const Detail = Type.Object(
  {
    ...listed,
    payload: Type.Unknown({ description: 'What it was completed with; null after an erasure' }),
  },
  { ...closed, title: 'CallbackDetail' },
)

export const ListQuery = Type.Object(
  {
    state: Type.Optional(State),
    cursor: Type.Optional(
      Type.String({ minLength: 1, description: '`meta.nextCursor` of the page before' }),
    ),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000, default: 100 })),
  },
  closed,
)

export type ListQuery = Static<typeof ListQuery>

const noMeta = Type.Object({}, closed)

export const ListAnswer: TObject = success(
  Type.Array(Listed),
  Type.Object({ nextCursor: orNull(Type.String(), 'null on the last page') }, closed),
)

export const DetailAnswer: TObject = success(Detail)

export const AnsweredAnswer: TObject = success(Answered)

/** An answer under `/api/v1` that it went well. */
function success(data: TSchema, meta: TObject = noMeta): TObject {
  return Type.Object({ success: Type.Unsafe<true>({ const: true }), data, meta }, closed)
}

/** The form of every refusal: as the host's own description of the API has it. */
export const Failure: TObject = Type.Object(
  {
    success: Type.Literal(false),
    error: Type.Object({
      code: Type.String({ description: 'Branch on it: messages may change' }),
      message: Type.String(),
      details: Type.Unsafe<Readonly<Record<string, unknown>>>({
        type: 'object',
        additionalProperties: true,
      }),
    }),
  },
  { title: 'Failure' },
)
