import { type EndpointEgress, Secret } from 'carabiner'
import { type TUnsafe, Type } from 'typebox'

/** Where URLs that others register may lead. */
export const Egress: TUnsafe<EndpointEgress> = Type.Unsafe<EndpointEgress>({
  ...Type.Object(
    {
      default: Type.Optional(
        Type.Unsafe<'trusted' | 'guarded'>({
          type: 'string',
          enum: ['trusted', 'guarded'],
          description:
            'guarded: not to loopback, private and other special ranges; trusted: everywhere',
          default: 'guarded',
          examples: ['guarded'],
        }),
      ),
      allow: Type.Optional(
        Type.Array(Type.String({ minLength: 1 }), {
          description: 'Host names and ranges of addresses let through all the same',
          default: [],
          examples: [['hooks.internal', '10.1.0.0/16']],
        }),
      ),
      http: Type.Optional(
        Type.Boolean({
          description: 'Whether plain http is allowed',
          default: false,
          examples: [true],
        }),
      ),
      ports: Type.Optional(
        Type.Unsafe<EndpointEgress['ports']>({
          description: 'any, or the ports that URLs may have',
          anyOf: [
            { const: 'any' },
            {
              type: 'array',
              items: { type: 'integer', minimum: 1, maximum: 65_535 },
              minItems: 1,
            },
          ],
          default: [80, 443, 8443],
          examples: [[443]],
        }),
      ),
      proxy: Type.Optional(
        Type.Unsafe<string | null>({
          description:
            'http://user:password@host:port of a proxy through which every connection goes (CONNECT); null: none. Default: that of host.egress',
          anyOf: [Secret(), { type: 'null' }],
          examples: ['http://proxy.internal:3128'],
        }),
      ),
    },
    { additionalProperties: false },
  ),
  description: 'Where URLs that others register may lead',
  default: {},
})
