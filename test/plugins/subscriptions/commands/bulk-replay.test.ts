import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  nothingYet,
  type Progress,
  replayAll,
} from '../../../../plugins/subscriptions/commands/bulk-replay.ts'
import { asMessageId, type PublishedEvent } from '../../../../plugins/subscriptions/event.ts'
import type { Service } from '../../../../plugins/subscriptions/service.ts'
import { systemClock } from '../../../../src/clock.ts'
import { CarabinerError } from '../../../../src/errors.ts'
import { ops } from './project.ts'

describe('a replay of many', () => {
  it('stops where the store goes away, and says before which event', async () => {
    const service = serviceWithout('event-35')
    let progress: Progress = nothingYet

    const ending = await replayAll(service, events(100), {
      unlessReplayedSince: 0,
      dryRun: false,
      signal: new AbortController().signal,
      onProgress: (now) => {
        progress = now
      },
    })

    assert.equal(ending.kind, 'failed')
    assert.ok(ending.kind === 'failed' && ending.at.id === 'event-35')
    assert.ok(ending.error instanceof CarabinerError && ending.error.code === 'STORE_UNAVAILABLE')
    // Two groups of 32 were begun; the third was not.
    assert.equal(progress.skipped.event_not_found, 63)
  })

  it('begins nothing once it is interrupted', async () => {
    const ending = await replayAll(serviceWithout('none'), events(100), {
      unlessReplayedSince: 0,
      dryRun: false,
      signal: AbortSignal.abort(),
      onProgress: () => assert.fail('something was done'),
    })

    assert.ok(ending.kind === 'interrupted' && ending.at.id === 'event-0')
  })
})

/** Its events have all expired meanwhile, but for one that cannot be read. */
function serviceWithout(unreadable: string): Service {
  const find = async (_owner: string, id: string): Promise<undefined> => {
    if (id === unreadable) throw new CarabinerError('STORE_UNAVAILABLE', 'the store is away')
    return undefined
  }
  // Nothing else of it is asked for an event that is not found.
  return { events: { find }, scope: { clock: systemClock } } as unknown as Service
}

async function* events(count: number): AsyncGenerator<PublishedEvent, void> {
  for (let at = 0; at < count; at += 1) {
    yield {
      id: asMessageId(`event-${at}`),
      version: 1,
      owner: ops,
      type: 'order.created',
      source: 'tests',
      traceId: 'trace',
      acceptedAt: at,
      replays: [],
      payload: '{}',
      erasedAt: null,
      expiresAt: 1_000,
    }
  }
}
