import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { commandServer } from '../../src/cli/command-server.ts'

describe('where hosts are reached, for commands', () => {
  const tls = { cert: 'cert', key: 'key' }
  for (const [host, isSecure, url] of [
    ['127.0.0.1', false, 'http://127.0.0.1:8484'],
    ['hooks.internal', true, 'https://hooks.internal:8484'],
    ['0.0.0.0', false, 'http://127.0.0.1:8484'],
    ['::', true, 'https://[::1]:8484'],
    ['::1', false, 'http://[::1]:8484'],
  ] as const) {
    it(`is ${url} for ${host}`, () => {
      const listener = {
        host,
        port: 8484,
        serve: ['public' as const],
        tls: isSecure ? tls : undefined,
      }

      const { listeners, publicUrl } = commandServer({ publicUrl: null, listeners: [listener] })

      assert.equal(publicUrl, null)
      assert.deepEqual(listeners, [{ url, serve: ['public'] }])
    })
  }
})
