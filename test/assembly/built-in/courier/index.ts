import { Duration, defineConnector, Rate, SecretList, Size } from 'carabiner'
import { Type } from 'typebox'

const closed = { additionalProperties: false }

const Route = Type.Object(
  {
    name: Type.String({ pattern: '^[a-z-]+$', examples: ['night-shift'] }),
    events: Type.Array(Type.String(), { minItems: 1 }),
    url: Type.String({ minLength: 1 }),
    secret: SecretList(),
    timeout: Type.Optional(Duration({ default: '10s', description: 'One request' })),
    rate: Type.Optional(Rate()),
    limit: Size({ default: '64KiB' }),
    mode: Type.Optional(Type.Union([Type.Literal('enforce'), Type.Literal('off')])),
    headers: Type.Optional(Type.Record(Type.String(), Type.String())),
  },
  closed,
)

export default defineConnector({
  name: 'courier',
  description: 'Carries events away',
  config: Type.Array(Route, { minItems: 1 }),
  inspect({ config, events }) {
    const known = events.map(({ name }) => name)
    return config.flatMap((route, index) => {
      const unknown = route.events.flatMap((event, at) =>
        event.includes('**')
          ? [{ path: [index, 'events', at], message: `bad glob \`${event}\``, expected: 'a*' }]
          : known.includes(event)
            ? []
            : [
                {
                  path: [index, 'events', at],
                  message: `unknown event \`${event}\``,
                  expected: known.join(', '),
                },
              ],
      )
      const idle =
        route.mode === 'off' && route.rate !== undefined
          ? [{ path: [index, 'rate'], message: '`rate` contradicts `mode: off`', expected: 'one' }]
          : []
      return [...unknown, ...idle]
    })
  },
  setup() {},
})
