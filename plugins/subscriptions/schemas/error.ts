import { type TObject, Type } from 'typebox'
import { anyObject, closed } from './fields.ts'

/** The form of every refusal but 422. */
export const ErrorBody = Type.Object(
  {
    error: Type.Object(
      {
        code: Type.String({ description: 'Branch on it', examples: ['invalid_actor_scope'] }),
        message: Type.String(),
        details: Type.Unsafe<Readonly<Record<string, unknown>>>({ ...anyObject }),
      },
      closed,
    ),
    detail: Type.String({ description: 'The message' }),
  },
  { ...closed, title: 'Error' },
)

/** The form of 422: every place that does not fit. */
export const UnfitBody: TObject = Type.Object(
  {
    detail: Type.Array(
      Type.Object(
        {
          loc: Type.Array(
            Type.Unsafe<string | number>({ anyOf: [{ type: 'string' }, { type: 'integer' }] }),
            { minItems: 1, examples: [['body', 'callback_url']] },
          ),
          msg: Type.String(),
          type: Type.String({ examples: ['missing'] }),
        },
        closed,
      ),
      { minItems: 1 },
    ),
  },
  { ...closed, title: 'Unfit' },
)
