/** A file of a new project: its path below the project's folder, and its text. */
export interface ProjectFile {
  readonly path: string
  readonly text: string
  /** Permissions of a file that holds secrets; others get the usual ones. */
  readonly mode?: number
}

/** Secrets of a new project, generated for it. */
export interface ProjectSecrets {
  readonly managementKey: string
  readonly webhookSecret: string
}

/** The files `carabiner init` writes, but for the schema, which depends on what is installed. */
export function projectFiles(secrets: ProjectSecrets): readonly ProjectFile[] {
  return [
    { path: 'carabiner.yaml', text: assembly },
    { path: 'connectors/greeter.ts', text: connector },
    { path: 'connectors/greeter.test.ts', text: connectorTest },
    { path: '.env', text: environment(secrets), mode: 0o600 },
    { path: '.gitignore', text: '.env\ndata/\nnode_modules/\n' },
  ]
}

const assembly = `# yaml-language-server: $schema=./carabiner.schema.json
#
# Your assembly: which connectors run, and how. \`carabiner validate\` checks it; \`carabiner schema\` lists every key.

host:
  name: my-host
  store: sqlite:./data/carabiner.db # what is owed to others survives a crash here
  server:
    management_key: \${MANAGEMENT_KEY} # from .env beside this file

connectors:
  greeter: ./connectors/greeter.ts # your own: TypeScript that runs as it is
  webhooks: webhooks # built in

greeter:
  longest: 20

webhooks:
  # Before the event: your approval service decides. \`carabiner listen --cancel 'not today'\` plays one.
  # Remove the mode (or write enforce) to let it decide; shadow only counts what it would have said.
  - name: approval
    events: before:greet
    url: http://127.0.0.1:8485/approve
    secret: \${WEBHOOK_SECRET}
    timeout: 2s
    mode: shadow

  # After the event: a signed delivery, stored first, sent until it has arrived. \`carabiner listen\` receives it.
  - name: audit
    events: after:greet
    url: http://127.0.0.1:8485/greetings
    secret: \${WEBHOOK_SECRET}
`

const connector = `import { defineConnector, defineEvent } from 'carabiner'
import { Type } from 'typebox'

/** Your event: what it takes, and what its handlers answer. Both are checked, and typed below. */
export const greet = defineEvent('greet', {
  description: 'Greets somebody',
  params: Type.Object({ name: Type.String({ minLength: 1 }) }),
  result: Type.Object({ greeting: Type.String() }),
})

export default defineConnector({
  name: 'greeter',
  description: 'Greets people',
  config: Type.Object({
    longest: Type.Integer({ default: 20, minimum: 1, description: 'Longest name that is greeted' }),
  }),
  events: [greet],
  checks: [
    { id: 'awake', name: 'The greeter is awake', severity: 'common', tags: [], run: () => true },
  ],
  setup({ config, before, on, after, log }) {
    before(greet, ({ params, cancel }) => {
      if (params.name.length > config.longest) cancel(\`names have at most \${config.longest} letters\`)
    })
    on(greet, ({ params }) => ({ greeting: \`Hello, \${params.name}!\` }))
    after(greet, ({ params }) => log.info({ name: params.name }, 'greeted'))
  },
})
`

const connectorTest = `import assert from 'node:assert/strict'
import { it } from 'node:test'
import { startTestHost } from 'carabiner/testing'
import greeter, { greet } from './greeter.ts'

it('greets', async () => {
  await using host = await startTestHost({ greeter: { connector: greeter, config: { longest: 20 } } })

  const outcome = await host.dispatch(greet, { name: 'Ada' })

  assert.equal(outcome.kind, 'completed')
  assert.deepEqual(outcome.results, [{ connector: 'greeter', value: { greeting: 'Hello, Ada!' } }])
})

it('refuses names that are too long', async () => {
  await using host = await startTestHost({ greeter: { connector: greeter, config: { longest: 3 } } })

  const outcome = await host.dispatch(greet, { name: 'Grace' })

  assert.equal(outcome.kind, 'cancelled')
  assert.equal(outcome.reason, 'names have at most 3 letters')
})
`

function environment({ managementKey, webhookSecret }: ProjectSecrets): string {
  return `# Read by the host that runs the assembly beside it; the real environment wins. Keep it out of version control.
MANAGEMENT_KEY=${managementKey}
WEBHOOK_SECRET=${webhookSecret}
`
}
