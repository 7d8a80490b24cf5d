import assert from 'node:assert/strict'
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { DatabaseSync } from 'node:sqlite'
import { describe, it } from 'node:test'
import { aClaim, noon, second } from '../../src/store/contract/makers.ts'
import { openStore } from '../../src/store/open-store.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'

describe('several processes on one SQLite file', () => {
  it('make the schema once, claim disjoint deliveries and settle them all', async () => {
    const url = `sqlite:${join(temporaryFolder(), 'fresh', 'store.db')}`
    const children = ['a', 'b', 'c'].map((owner) => start('claiming-process.ts', url, owner, '100'))
    const outputs = children.map((child) => createInterface(child.stdout))
    await Promise.all(outputs.map((output) => once(output, 'line')))
    const claims = outputs.map(linesOf)

    for (const child of children) child.stdin.write('go\n')

    const ids = (await Promise.all(claims)).flat()
    assert.equal(ids.length, 300)
    assert.equal(new Set(ids).size, 300)
    await using store = await openStore(url)
    assert.equal((await store.deliveries({ state: 'delivered', limit: 1000 })).rows.length, 300)
  })

  it('leave a whole file and recoverable claims when one is killed while it writes', async () => {
    for (const lines of [3, 40, 111]) {
      const path = join(temporaryFolder(), 'store.db')
      const told = await killedAfter(lines, path)

      await using store = await openStore(`sqlite:${path}`)
      assert.equal(integrityOf(path), 'ok')
      const { rows } = await store.deliveries({ limit: 1000 })
      const states = new Map<string, string>(rows.map((row) => [row.id, row.state]))
      for (const { state, id } of told) assertLasted(state, states.get(id))

      await store.leave('a')
      const held = rows.filter((row) => row.state === 'sending').length
      assert.equal(await store.recover(noon + second), held)
      const waiting = rows.filter((row) => row.state !== 'delivered').length
      const claimed = await store.claim(aClaim({ owner: 'b', limit: 1000 }))
      assert.equal(claimed.length, waiting)
    }
  })
})

async function linesOf(output: AsyncIterable<string>): Promise<string[]> {
  const lines: string[] = []
  for await (const line of output) lines.push(line)
  return lines
}

/** What a process said before it was killed with SIGKILL, in the middle of whatever it was doing. */
async function killedAfter(
  lines: number,
  path: string,
): Promise<{ readonly state: string; readonly id: string }[]> {
  const child = start('writing-process.ts', `sqlite:${path}`)
  const told: { state: string; id: string }[] = []
  for await (const line of createInterface(child.stdout)) {
    const [state = '', id = ''] = line.split(' ')
    told.push({ state, id })
    if (told.length === lines) child.kill('SIGKILL')
  }
  assert.ok(told.length >= lines, `it ended after ${told.length} lines`)
  return told
}

function assertLasted(told: string, found: string | undefined): void {
  const later = { stored: ['pending', 'sending', 'delivered'], sending: ['sending', 'delivered'] }
  const allowed = told === 'stored' || told === 'sending' ? later[told] : [told]
  assert.ok(allowed.includes(found ?? 'lost'), `told ${told}, found ${found ?? 'nothing'}`)
}

function integrityOf(path: string): unknown {
  const database = new DatabaseSync(path, { readOnly: true })
  const row = database.prepare('PRAGMA integrity_check').get()
  database.close()
  return row?.['integrity_check']
}

function start(script: string, ...args: string[]): ChildProcessWithoutNullStreams {
  const file = join(import.meta.dirname, script)
  const child = spawn(process.execPath, ['--conditions=source', file, ...args])
  child.stderr.pipe(process.stderr)
  return child
}
