import { cancelEvent, receiver } from 'carabiner/receiver'

export function createReceiver(
  secret: string,
  save: (id: string, results: readonly unknown[]) => Promise<void>,
): (request: Request) => Promise<Response> {
  return receiver({
    secret,
    before: {
      adjust: ({ params }) =>
        Number(params['factor']) > 2 ? cancelEvent('at most twice as much at once') : undefined,
      '*': ({ event }) => cancelEvent(`no rule for ${event}`),
    },
    after: { adjust: ({ id, results }) => save(id, results) },
  })
}
