import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { describe, it } from 'node:test'
import { Command } from 'commander'
import { callbacks } from '../../plugins/callbacks/connector.ts'
import ingress from '../../plugins/ingress/index.ts'
import subscriptions from '../../plugins/subscriptions/index.ts'
import webhooks from '../../plugins/webhooks/index.ts'
import type { Act } from '../../src/cli/command.ts'
import { commands } from '../../src/cli/commands.ts'

const page = (name: string): Promise<string> =>
  readFile(new URL(`../../docs/${name}`, import.meta.url), 'utf8')

const connectors = [webhooks, subscriptions, ingress, callbacks]

describe('docs/cli.md', async () => {
  const rows = (await page('cli.md')).split('\n').filter((line) => line.startsWith('| `'))

  for (const [name, { load }] of Object.entries(commands)) {
    it(`says what \`${name} --help\` says`, async () => {
      const command = new Command(name)
      ;(await load())(command, notRun)

      const told = rows.filter((row) => row.startsWith(`| \`${name}`)).join('\n')

      assert.notEqual(told, '')
      assert.deepEqual(
        wordsOf(command).filter((word) => !told.includes(word)),
        [],
      )
    })
  }

  it('has a row for no other command than these and the connectors’', () => {
    const known = [...Object.keys(commands), ...connectors.map(({ name }) => name)]
    const named = rows.map((row) => /^\| `([a-z]+)/.exec(row)?.[1] ?? 'none')

    assert.ok(named.length > 15)
    assert.deepEqual(
      named.filter((name) => !known.includes(name)),
      [],
    )
  })
})

for (const connector of connectors) {
  describe(`docs/${connector.name}.md`, async () => {
    const text = await page(`${connector.name}.md`)

    for (const { name, options = [] } of connector.commands ?? []) {
      it(`says what \`${connector.name} ${name} --help\` says`, () => {
        assert.match(text, new RegExp(`\`(?:carabiner )?${connector.name} ${name}\\b`))
        for (const { flags } of options) {
          const [long = flags] = flags.split(' ')
          assert.ok(text.includes(long), long)
        }
      })
    }
  })
}

/** The names of a command's own commands, and the long names of all options. */
function wordsOf(command: Command): string[] {
  return [
    ...command.options.map(({ long, flags }) => long ?? flags),
    ...command.commands.flatMap((each) => [each.name(), ...wordsOf(each)]),
  ]
}

const notRun: Act = () => () => Promise.reject(new Error('not run here'))
