import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { goOnCommand } from '../../../../plugins/subscriptions/commands/go-on.ts'
import { carabiner } from '../../../helpers/cli.ts'
import { runHost } from '../../../helpers/host-process.ts'
import { receiver } from '../../../helpers/receiver.ts'
import { projectFolder } from '../../../helpers/start-host.ts'
import { replayMany } from '../../../soak/replay-many.ts'
import { assembly, ops, runner } from './project.ts'

function project() {
  return projectFolder({ 'carabiner.yaml': assembly() })
}

const range = ['--owner', ops, '--from', '1h']

describe('carabiner subscriptions replay', () => {
  it('stores deliveries for the next host, to the subscriptions that are active now', async () => {
    using folder = project()
    await using endpoint = await receiver()
    const { run, json, publish, add } = runner(folder)
    const id = await publish('order.created')
    await add(endpoint.url)

    const replayed = await json('replay', id)
    const again = await run('replay', id)
    await using _host = await runHost(folder)
    const [request] = await endpoint.requests(1)

    assert.partialDeepStrictEqual(replayed.json, { event_id: id, queued_deliveries: 1 })
    assert.equal(again.code, 1)
    assert.match(again.err, /still pending/)
    assert.partialDeepStrictEqual(JSON.parse(request?.text ?? ''), { event_id: id, replay: true })
  })

  it('counts before it asks, and leaves it when the answer is no', async () => {
    using folder = project()
    const { json, publish } = runner(folder)
    const ids = [await publish('order.created'), await publish('order.paid')]
    const words = ['subscriptions', 'replay', ...range]

    const dry = await json('replay', ...range, '--dry-run')
    const alone = await carabiner(words, { cwd: folder.path })
    const no = await carabiner(words, { cwd: folder.path, answer: 'n' })
    const yes = await carabiner(['subscriptions', 'replay', ...ids], {
      cwd: folder.path,
      answer: 'y',
    })

    assert.partialDeepStrictEqual(dry.json, { events: 2, dry_run: true, replayed: 2, go_on: null })
    assert.equal(alone.code, 2)
    assert.match(alone.err, /expected --yes to replay 2 events/)
    assert.deepEqual([no.code, no.out], [1, ''])
    assert.match(no.err, /nothing replayed/)
    assert.deepEqual(
      [yes.code, yes.out],
      [0, 'replayed 2 of 2 events: 0 deliveries, which hosts send\n'],
    )
  })

  it('leaves out what is under way, erased, or of another type, and says how many', async () => {
    using folder = project()
    const { run, json, publish, add } = runner(folder)
    const erased = await publish('order.created')
    await carabiner(['deliveries', 'erase', '--message', erased, '--yes'], { cwd: folder.path })
    await add('http://127.0.0.1:9/hook')
    const pending = await publish('order.created')
    await json('replay', pending)
    await publish('order.created')
    await publish('order.paid')

    const types = ['--type', 'order.created']
    const { json: rehearsed } = await json('replay', ...range, ...types, '--dry-run')
    const { out, err } = await run('replay', ...range, ...types, '--yes')

    assert.partialDeepStrictEqual(rehearsed, {
      events: 3,
      replayed: 1,
      skipped: { replay_pending: 1, event_erased: 1 },
    })
    const left = '1 left out: a replay is under way'
    assert.equal(
      out,
      `replayed 1 of 3 events: 1 delivery, which hosts send; ${left}; 1 left out: the payload was erased\n`,
    )
    assert.match(err, /^3 of 3 events, [\d,]+\/s, 1 left out: a replay is under way/m)
  })

  for (const by of ['SIGINT', 'SIGKILL'] as const) {
    it(`goes on after ${by} as it was told: none twice, none left out`, async () => {
      for (let tries = 3; tries > 0; tries -= 1) {
        const report = await replayMany({ events: 500, by })
        // It may be through before it is interrupted: that shows nothing.
        if (report['replayed after'] > 0) return
      }
      assert.fail('it was never interrupted')
    })
  }

  it('names a command that a shell reads as it is meant', () => {
    const at = { acceptedAt: Date.UTC(2026, 0, 1) } as Parameters<typeof goOnCommand>[1]['at']
    const owner = "agent://o'neil/$HOME"
    const selection = {
      kind: 'range',
      range: { owner, type: 'a.b', from: 0, to: Date.UTC(2026, 0, 2) },
    } as const

    const command = goOnCommand('hooks', { selection, at, begunAt: Date.UTC(2026, 0, 3) })

    assert.equal(
      command,
      String.raw`carabiner hooks replay --owner 'agent://o'\''neil/$HOME' --from 2026-01-01T00:00:00.000Z --to 2026-01-02T00:00:00.000Z --type a.b --unless-replayed-since 2026-01-03T00:00:00.000Z --yes`,
    )
  })
})
