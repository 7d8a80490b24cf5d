import assert from 'node:assert/strict'
import type { Scenario } from './stage.ts'

const notFinite = 'validation error: timeout_seconds must be a finite, non-negative number'
const tooMuch = 'validation error: timeout_seconds must be at most 2592000'
const notJson = 'validation error: body is not JSON'

/** How far a deadline moves. */
export const heartbeatCases: readonly Scenario[] = [
  extended('an hour when it does not say how far', '{}', 3_600),
  extended('as far as it says', '{"timeout_seconds":60}', 60),
  extended('by parts of a second', '{"timeout_seconds":0.25}', 0.25),
  extended('30 days, the most there is', '{"timeout_seconds":2592000}', 2_592_000),
  extended('to now', '{"timeout_seconds":0}', 0),
  ...['2592001', '2592000.5', '1e300'].map((text) => refused(text, tooMuch)),
  ...['-1', '-0', '-0.0', '-1e-400', '1e999', '-1e999'].map((text) => refused(text, notFinite)),
  ...['"60"', 'null', 'true', '[60]', '{}', '"Infinity"', '"NaN"'].map((text) =>
    refused(text, notFinite),
  ),
  ...['Infinity', '-Infinity', 'NaN', '+1', '0x10'].map((text) => refused(text, notJson)),
]

function extended(how: string, body: string, seconds: number): Scenario {
  return {
    name: `a heartbeat extends ${how}`,
    async run(wire) {
      const start = Date.now()
      const { deadline } = await wire.takes({ action: 'heartbeat', body }, 'WaitingExternal')
      const end = Date.now()
      // Servers of other programs have clocks of their own.
      const slack = 1_000
      assert.ok(deadline >= start + seconds * 1_000 - slack, 'too early')
      assert.ok(deadline <= end + seconds * 1_000 + slack, 'too late')
    },
  }
}

function refused(text: string, error: string): Scenario {
  return {
    name: `refuses timeout_seconds ${text}`,
    run: (wire) =>
      wire.refuses({ action: 'heartbeat', body: `{"timeout_seconds":${text}}` }, 400, error),
  }
}
