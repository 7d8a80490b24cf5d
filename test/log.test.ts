import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createRedactor } from '../src/assembly/redactor.ts'
import { createLogger } from '../src/log.ts'
import { carabiner } from './helpers/cli.ts'
import { projectFolder } from './helpers/start-host.ts'

async function logged(format: 'pretty' | 'json'): Promise<string> {
  const lines: string[] = []
  const redactor = createRedactor(['a-secret-of-this-test'])
  const write = (line: string): void => void lines.push(line)
  const log = await createLogger({ level: 'info', format, name: 'mine', redactor, write })
  log.debug({}, 'not this one')
  log.child({ connector: 'adjuster' }).warn({ token: 'a-secret-of-this-test', n: 7 }, 'low ink')
  return lines.join('')
}

describe('log.format', () => {
  it('json: one object a line, without secrets', async () => {
    const { time, ...line } = JSON.parse(await logged('json'))

    assert.match(time, /^\d{4}-\d\d-\d\dT[\d:.]+Z$/)
    assert.deepEqual(line, {
      level: 40,
      name: 'mine',
      connector: 'adjuster',
      token: '••••',
      n: 7,
      msg: 'low ink',
    })
  })

  it('pretty: one line for people, without secrets', async () => {
    const text = await logged('pretty')

    assert.match(text, /^\[.*\] WARN: low ink \{.*"connector":"adjuster".*\}\n$/)
    assert.match(text, /"token":"••••","n":7/)
    assert.doesNotMatch(text, /mine|not this one|a-secret/)
  })

  const talker = `import { defineConnector } from 'carabiner'
export default defineConnector({ name: 'talker', setup({ on, log }) { on('check', () => log.warn({ n: 7 }, 'low ink')) } })
`
  for (const [format, terminal, isPretty] of [
    ['auto', false, false],
    ['auto', true, true],
    ['pretty', false, true],
    ['json', true, false],
  ] as const) {
    it(`${format}: is ${isPretty ? 'pretty' : 'JSON'} on ${terminal ? 'a terminal' : 'a pipe'}`, async () => {
      using folder = projectFolder({
        'carabiner.yaml': `host: { store: 'memory:', log: { format: ${format} } }\nconnectors: [./talker.ts]\n`,
        'talker.ts': talker,
      })

      const { err } = await carabiner(['check', '--no-color'], { cwd: folder.path, terminal })

      const line = err.split('\n').find((each) => each.includes('low ink')) ?? ''
      assert.equal(/^\[.*\] WARN: low ink/.test(line), isPretty)
      assert.equal(line.startsWith('{"level":40'), !isPretty)
    })
  }
})
