import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { carabiner, carabinerJson } from '../helpers/cli.ts'
import { projectFolder } from '../helpers/start-host.ts'

const files = { 'carabiner.yaml': "host: { store: 'sqlite:./data/x.db' }\nconnectors: {}\n" }

describe('carabiner keys', () => {
  it('prints the secret alone, once; lists and revokes without it', async () => {
    using folder = projectFolder(files)
    const cwd = folder.path

    const made = await carabiner(
      ['keys', 'create', '--owner', 'agent://acme/ops', '--scope', 'read', 'events:publish'],
      { cwd },
    )
    const listed = await carabinerJson(['keys', 'list'], { cwd })

    assert.equal(made.code, 0)
    assert.match(made.out, /^cbk_[\w-]{43}\n$/)
    assert.match(made.err, /key [\w-]{36} of agent:\/\/acme\/ops: keep the secret above/)
    assert.ok(Array.isArray(listed.json))
    const [key] = listed.json
    assert.deepEqual(key, {
      id: key.id,
      owner: 'agent://acme/ops',
      scopes: ['read', 'events:publish'],
      mayActFor: [],
      name: null,
      createdAt: new Date(key.createdAt).toISOString(),
      revokedAt: null,
    })

    const revoked = await carabiner(['keys', 'revoke', key.id.toUpperCase()], { cwd })
    const after = await carabiner(['keys', 'list'], { cwd })

    assert.equal(revoked.out, `${key.id} of agent://acme/ops is revoked\n`)
    assert.match(after.out, new RegExp(`${key.id} +agent://acme/ops +- +read, events:publish +- `))
    assert.ok(!`${listed.json}${revoked.out}${after.out}`.includes('cbk_'))
  })

  it('refuses a scope that no route of the assembly wants', async () => {
    using folder = projectFolder({
      'carabiner.yaml': "host: { store: 'sqlite:./data/x.db' }\nconnectors: [subscriptions]\n",
    })
    const words = ['keys', 'create', '--owner', 'agent://acme/ops', '--scope', 'event:publish']

    const { code, out, err } = await carabiner(words, { cwd: folder.path })

    assert.equal(code, 2)
    assert.equal(out, '')
    assert.match(err, /no route wants the scope `event:publish`; did you mean `events:publish`\?/)
  })

  it('refuses what cannot be a key, and an id there is none of', async () => {
    using folder = projectFolder(files)
    const cwd = folder.path

    const owner = await carabiner(['keys', 'create', '--owner', 'a b'], { cwd })
    const none = await carabiner(['keys', 'create'], { cwd })
    const unknown = await carabiner(['keys', 'revoke', 'x'], { cwd })

    assert.deepEqual([owner.code, none.code, unknown.code], [2, 2, 2])
    assert.match(owner.err, /the owner of a key: expected 3 to 255 visible characters, got `a b`/)
    assert.match(none.err, /--owner/)
    assert.match(unknown.err, /there is no API key `x`/)
  })
})
