import { Duration, defineConnector, defineEvent, Secret } from 'carabiner'
import { Type } from 'typebox'

const closed = { additionalProperties: false }

const measure = defineEvent('measure', { params: Type.Object({ component: Type.String() }) })

export default defineConnector({
  name: 'meter',
  config: Type.Object({
    limit: Type.Number({ default: 512, description: 'Most of anything' }),
    every: Duration({ default: '10s' }),
    pause: Duration({ default: 0, zero: true }),
    retries: Type.Optional(Type.Integer({ minimum: 0, maximum: 10 })),
    loud: Type.Optional(Type.Boolean()),
    label: Type.Optional(Type.String({ maxLength: 20 })),
    key: Type.Optional(Secret({ minLength: 8 })),
    site: Type.Optional(Type.String({ format: 'uri' })),
    tags: Type.Optional(Type.Array(Type.String(), { uniqueItems: true, maxItems: 3 })),
    target: Type.Optional(
      Type.Union([
        Type.Object({ kind: Type.Literal('file'), path: Type.String() }, closed),
        Type.Object({ kind: Type.Literal('http'), url: Type.String(), wait: Duration() }, closed),
      ]),
    ),
  }),
  events: [measure],
  setup() {},
})
