import assert from 'node:assert/strict'
import { testPostgres } from '../helpers/postgres.ts'
import { receiver } from '../helpers/receiver.ts'
import { HostChild } from './host-child.ts'

export interface SharedRateOptions {
  readonly messages: number
  readonly perSecond: number
  /** The most in any second: above the rate, what was let through in time and arrived late on a busy machine. */
  readonly most: number
}

export type SharedRateReport = {
  readonly messages: number
  readonly 'most in one second': number
  readonly 'on average': number
}

const hostCount = 3

/**
 * Three hosts on one PostgreSQL commit to one endpoint with a rate, as fast as they can.
 *
 * Asserts that no second, wherever it begins, has more than `most` requests, that most of the rate is used, and that
 * nothing arrives twice.
 */
export async function sharedRate(options: SharedRateOptions): Promise<SharedRateReport> {
  const { messages, perSecond, most } = options
  await using server = testPostgres()
  const store = await server.database()
  await using to = await receiver()
  const quota = Math.ceil(messages / hostCount)
  const child = { store, url: to.url, epoch: Date.now(), speed: 1, messages: quota }
  const hosts = Array.from(
    { length: hostCount },
    () => new HostChild({ ...child, rate: perSecond }),
  )
  try {
    await to.requests(quota * hostCount)
  } finally {
    await Promise.all(hosts.map((host) => host.kill()))
  }

  const times = to.received.map(({ at }) => at)
  const mostSeen = mostWithin(times, 1_000)
  const seconds = (Math.max(...times) - Math.min(...times)) / 1_000
  const average = Math.round((times.length / seconds) * 10) / 10
  assert.ok(mostSeen <= most, `${mostSeen} within a second`)
  assert.ok(average >= perSecond * 0.7, `only ${average} a second`)
  assert.equal(new Set(to.received.map(({ text }) => text)).size, times.length)
  return { messages: times.length, 'most in one second': mostSeen, 'on average': average }
}

/** The most that fall into any stretch of time of that length. */
export function mostWithin(times: readonly number[], ms: number): number {
  const sorted = times.toSorted((a, b) => a - b)
  let most = 0
  let from = 0
  sorted.forEach((at, index) => {
    while (at - (sorted[from] ?? at) >= ms) from += 1
    most = Math.max(most, index - from + 1)
  })
  return most
}
