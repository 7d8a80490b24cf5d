import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'

/** What `npm run api` keeps up to date from the declarations. */
const reports = ['index', 'callbacks', 'client', 'receiver', 'subscriptions', 'testing']

/** Functions that a reader meets first. */
const entryPoints = [
  ...['src/bus/event.ts defineEvent', 'src/connector/define-connector.ts defineConnector'],
  ...['src/receiver/receiver.ts receiver', 'src/receiver/verify-webhook.ts verifyWebhook'],
  ...['src/receiver/cancel-event.ts cancelEvent', 'src/store/open-store.ts openSharedStore'],
  ...['src/testing/start-test-host.ts startTestHost', 'src/client/client.ts createClient'],
  ...[
    'src/callbacks/callback-routes.ts callbackRoutes',
    'src/callbacks/callback-url.ts callbackUrl',
  ],
  ...['receive-callback.ts receiveCallback', 'callback-signature.ts signCallback'].map(
    (each) => `src/callbacks/${each}`,
  ),
  ...['node', 'express', 'fastify'].map(
    (name) => `src/callbacks/${name}-callbacks.ts ${name}Callbacks`,
  ),
  'src/callbacks/conformance/conformance.ts callbackConformance',
  'plugins/subscriptions/tenants/dispatch.ts subscriptionsOn',
]

describe('the public interface', () => {
  for (const name of reports) {
    it(`says of everything in ${name} what it is`, () => {
      const report = read(`docs/api/${name}.api.md`)
      const exported = [...report.matchAll(/^\/\/ @public.*\n(?:\/\/.*\n)*export .*/gm)].map(String)

      const silent = exported.filter((each) => each.startsWith('// @public (undocumented)'))

      assert.ok(exported.length > 2)
      assert.deepEqual(silent, [])
    })
  }

  for (const entryPoint of entryPoints) {
    it(`shows how to use ${entryPoint}`, () => {
      const [file = '', name] = entryPoint.split(' ')
      const comment = new RegExp(
        `/\\*\\*((?:(?!\\*/)[^])*)\\*/\\nexport (async )?function ${name}\\b`,
      )

      const [, text = ''] = comment.exec(read(file)) ?? []

      assert.match(text, /@example\n/)
    })
  }
})

function read(file: string): string {
  return readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8')
}
