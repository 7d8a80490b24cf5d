import assert from 'node:assert/strict'
import type { CallbackAction } from '../callback.ts'
import type { Scenario } from './stage.ts'
import type { Wire } from './wire.ts'

const actions: readonly CallbackAction[] = ['complete', 'fail', 'heartbeat']

/** What answers do, and how often. */
export const answerCases: readonly Scenario[] = [
  ...actions.flatMap((action) => [
    over(`completed`, action, (wire, id) => wire.book.complete(id, null)),
    over(`failed`, action, (wire, id) => wire.book.fail(id, 'no')),
    over(`withdrawn`, action, (wire, id) => wire.book.withdraw(id)),
  ]),
  {
    name: 'of answers at once takes one, and tells the others that there is nothing',
    async run(wire) {
      const id = await wire.create()
      const replies = await Promise.all(
        Array.from({ length: 10 }, (_, index) =>
          wire.send({ id, action: index % 2 === 0 ? 'complete' : 'fail' }),
        ),
      )
      const [winner, ...more] = replies.filter(({ status }) => status === 200)
      const losers = replies.filter(({ status }) => status === 404)
      assert.deepEqual([more.length, losers.length], [0, 9])
      assert.deepEqual(winner?.body, { id, state: (await wire.find(id))?.state })
      for (const { body } of losers) assert.deepEqual(body, { error: `callback not found: ${id}` })
    },
  },
  {
    name: 'takes heartbeats at once, and then an answer',
    async run(wire) {
      const id = await wire.create()
      const beats = Array.from({ length: 5 }, () => wire.send({ id, action: 'heartbeat' }))
      const statuses = (await Promise.all(beats)).map(({ status }) => status)
      assert.deepEqual(statuses, [200, 200, 200, 200, 200])
      await wire.takes({ id }, 'Completed')
    },
  },
]

function over(
  how: string,
  action: CallbackAction,
  end: (wire: Wire, id: string) => Promise<unknown>,
): Scenario {
  return {
    name: `knows no callback for ${action} of one that is ${how}`,
    async run(wire) {
      const id = await wire.create()
      await end(wire, id)
      await wire.refuses({ id, action }, 404, `callback not found: ${id}`)
    },
  }
}
