import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { runFile } from '../helpers/run-file.ts'
import { projectFolder } from '../helpers/start-host.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const built = `${root}dist/src/cli/main.js`

/** The command line from the sources, and from the build when there is one. */
const entries: readonly { readonly name: string; readonly args: readonly string[] }[] = [
  { name: 'sources', args: ['--conditions=source', `${root}src/cli/main.ts`] },
  ...(existsSync(built) ? [{ name: 'build', args: [built] }] : []),
]

/** Folders in a temporary place: no package.json, no node_modules, not even above. */
const files = {
  'carabiner.yaml': `host: { store: 'memory:' }
connectors: { stranger: ./connectors/stranger.ts, webhooks: webhooks }
`,
  'connectors/stranger.ts': `import { defineConnector, defineEvent, EventCancelledError, type Outcome } from 'carabiner'
import { verifyWebhook } from 'carabiner/receiver'
import { Type } from 'typebox'
import { limit } from '../shared/limit.ts'
import { sameType, sameError } from '../shared/neighbour.ts'

interface Params { readonly amount: number }

const adjust = defineEvent('adjust', { params: Type.Object({ amount: Type.Number() }), result: Type.Object({
  sameType: Type.Boolean(), sameError: Type.Boolean(), verifies: Type.Boolean(), limit: Type.Number(), nested: Type.String(),
}) })

export default defineConnector({
  name: 'stranger',
  events: [adjust, defineEvent('adjust.nested')],
  setup({ before, on, dispatch }) {
    before(adjust, ({ params }) => {
      const { amount }: Params = params
      // The host knows its own error: a copy of the class would be a failure of the handler.
      if (amount > limit) throw new EventCancelledError('thrown, not called', { amount })
    })
    on(adjust, async () => {
      const nested: Outcome = await dispatch('adjust.nested', {})
      return {
        sameType: sameType(Type), sameError: sameError(EventCancelledError),
        verifies: typeof verifyWebhook === 'function', limit, nested: nested.kind,
      }
    })
  },
})
`,
  'shared/limit.ts': 'export const limit: number = 10\n',
  'shared/neighbour.ts': `import { EventCancelledError } from 'carabiner'
import * as typebox from 'typebox'

export const sameType = (type: unknown): boolean => type === typebox.Type
export const sameError = (error: unknown): boolean => error === EventCancelledError
`,
}

describe('a connector outside the repository, without package.json', () => {
  for (const { name, args } of entries) {
    const run = (cwd: string, amount: number) =>
      runFile(
        [...args, '--json', 'dispatch', 'adjust', '--params', JSON.stringify({ amount })],
        cwd,
      )

    it(`shares the host's copies of carabiner and typebox with its neighbours (${name})`, async () => {
      using folder = projectFolder(files)

      const { code, out, err } = await run(folder.path, 1)

      assert.equal(code, 0, err)
      assert.equal(err, '', 'no warning either')
      assert.deepEqual(JSON.parse(out).results, [
        {
          connector: 'stranger',
          value: {
            sameType: true,
            sameError: true,
            verifies: true,
            limit: 10,
            nested: 'completed',
          },
        },
      ])
    })

    it(`cancels with an error of the class it imported (${name})`, async () => {
      using folder = projectFolder(files)

      const { code, out, err } = await run(folder.path, 11)

      assert.equal(code, 3, err)
      const { by, reason, details } = JSON.parse(out)
      assert.deepEqual(
        { by, reason, details },
        {
          by: 'stranger',
          reason: 'thrown, not called',
          details: { amount: 11 },
        },
      )
    })
  }

  it('resolves everything else as Node does: what is not installed there is said at the line', async () => {
    using folder = projectFolder({
      ...files,
      'shared/limit.ts': "import 'fastify'\nexport const limit: number = 10\n",
    })

    const { code, err } = await runFile(
      ['--conditions=source', `${root}src/cli/main.ts`, 'validate'],
      folder.path,
    )

    assert.equal(code, 1)
    assert.match(err, /carabiner\.yaml:2:25: .*fastify/)
    assert.doesNotMatch(err, /^\s+at /m)
  })
})
