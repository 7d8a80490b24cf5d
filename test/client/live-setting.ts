import { type Client, type ClientOptions, createClient } from '../../src/client.ts'
import { type Api, type ApiOptions, opsKey } from '../plugins/subscriptions/api.ts'

export const event = { event_type: 'order.created', source: 'tests', payload: { order: 7 } }

/** A connector that vetoes publications with an unlucky number. */
const guard = `import { defineConnector } from 'carabiner'
export default defineConnector({
  name: 'guard',
  setup({ before }) {
    before('subscriptions.publish', ({ params, cancel }) => {
      const { payload } = params as { payload: { order?: number } }
      if (payload.order === 13) cancel('an unlucky number')
    })
  },
})
`

/** A host that answers after first attempts, and does not publish everything. */
export const withGuard: ApiOptions = {
  stanza: 'settle_wait: 5s',
  connectors: 'guard: ./guard.ts',
  files: { 'guard.ts': guard },
}

/** A client of a host. */
export function clientOf(
  { project }: Api,
  options: Partial<ClientOptions> = { apiKey: opsKey },
): Client {
  return createClient({ baseUrl: project.url, ...options })
}
