import { existsSync, readFileSync } from 'node:fs'
import { type ProjectFolder, projectFolder } from '../../helpers/start-host.ts'

export const callbackSecret: string = '5a'.repeat(32)

/**
 * Whether and how an event waits: `ship` for an approval, `lapse` for one that never comes, `render` for a worker, `build` for an approval and then a worker.
 * Every event has an on and an after handler; what they begin is a line of the journal.
 */
export const eventNames = ['ship', 'lapse', 'render', 'build'] as const
export type EventName = (typeof eventNames)[number]

const parcelsSource = `import { appendFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { defineConnector, defineEvent } from 'carabiner'
import { Type } from 'typebox'

const params = Type.Object({ intent: Type.String() })
const events = ${JSON.stringify(eventNames)}.map((name) => defineEvent(name, { params, result: Type.Unknown() }))

export default defineConnector({
  name: 'parcels',
  config: Type.Object({ journal: Type.String() }),
  events,
  setup({ config, on, after }) {
    const work = async ({ phase, dispatchId }) => {
      appendFileSync(config.journal, phase + ' ' + dispatchId + '\\n')
      await sleep(Math.random() * 20)
      return phase
    }
    for (const event of events) {
      on(event, work)
      after(event, work)
    }
  },
})
`

/** A folder that any number of hosts can run. */
export interface ParkedProject extends Disposable {
  readonly folder: ProjectFolder
  /** What hosts began, oldest first: `on <dispatch>`, `after <dispatch>`. */
  journal(): readonly string[]
}

/** @param outside - the URL of whoever decides and works */
export function parkedProject(store: string, outside: string): ParkedProject {
  const folder = projectFolder({
    'parcels.ts': parcelsSource,
    'carabiner.yaml': assembly(store, outside),
  })
  const file = folder.file('journal')
  return {
    folder,
    journal: () => (existsSync(file) ? readFileSync(file, 'utf8').trimEnd().split('\n') : []),
    [Symbol.dispose]: () => folder[Symbol.dispose](),
  }
}

function assembly(store: string, outside: string): string {
  const approval = `url: '${outside}/approve', secret: a-secret-of-this-test, decision: callback, concurrency: 64`
  return `host:
  store: '${store}'
  server: { port: 0, allow_unauthenticated: true, public_url: 'http://hosts.test' }
connectors: { parcels: ./parcels.ts, callbacks: callbacks, webhooks: webhooks, http-worker: http-worker }
parcels: { journal: ./journal }
callbacks: { secret: '${callbackSecret}', sweep: 200ms }
webhooks:
  - { name: approval, events: ['before:ship', 'before:build'], ${approval} }
  - { name: in-vain, events: 'before:lapse', ${approval}, expires: 500ms }
http-worker:
  - { name: renderer, event: render, url: '${outside}/work' }
  - { name: builder, event: build, url: '${outside}/work' }
`
}
