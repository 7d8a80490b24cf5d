import { type TObject, Type } from 'typebox'
import type { DescribedRoute } from './described-route.ts'

const closed = { additionalProperties: false }

const Check: TObject = Type.Object(
  {
    status: Type.Union([Type.Literal('ok'), Type.Literal('error')]),
    detail: Type.Optional(
      Type.String({ description: 'Why it failed: for whoever shows a management key' }),
    ),
  },
  closed,
)

const Health: TObject = Type.Object(
  {
    ok: Type.Boolean(),
    status: Type.Union([Type.Literal('ok'), Type.Literal('degraded')]),
    version: Type.String({ description: 'Of the host' }),
    // Not `Type.Record`, whose `patternProperties` generated clients do not read.
    checks: Type.Unsafe({
      type: 'object',
      additionalProperties: Check,
      description: 'By name; the store is there under `memory`, `sqlite` or `postgres`',
    }),
  },
  { title: 'Health', ...closed },
)

/** What the host itself answers to everybody. */
export const hostRoutes: readonly DescribedRoute[] = [
  {
    method: 'GET',
    path: '/health',
    family: 'public',
    isOfHost: true,
    operation: {
      id: 'getHealth',
      summary: 'Whether the host is in good health',
      tags: ['host'],
      security: 'none',
    },
    responses: {
      200: { description: 'It is', body: Health },
      503: { description: 'Something it depends on does not answer', body: Health },
    },
  },
]
