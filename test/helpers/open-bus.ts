import { Type } from 'typebox'
import { Bus, type BusOptions } from '../../src/bus/bus.ts'
import { defineEvent, type EventDefinition } from '../../src/bus/event.ts'
import type { Clock } from '../../src/clock.ts'
import { systemClock } from '../../src/clock.ts'
import { Validator } from '../../src/schema/validator.ts'
import { type LogLine, recordingLog } from '../helpers/recording-log.ts'

const params = Type.Object({ amount: Type.Number({ minimum: 0 }) })

/** An event with one number among its params and any result. */
export const adjust: EventDefinition<'adjust', typeof params> = defineEvent('adjust', { params })

export interface OpenBus<Owed> {
  readonly bus: Bus<Owed>
  readonly lines: readonly LogLine[]
  readonly clock: Clock
}

const validator = new Validator()

/** A bus with the connectors `a`, `b`, `c`, of which `a` declares `adjust`. */
export function openBus<Owed = never>(options: Partial<BusOptions<Owed>> = {}): OpenBus<Owed> {
  const log = recordingLog()
  const clock = options.clock ?? systemClock
  const bus = new Bus<Owed>({ clock, log, validator, eventTimeoutMs: 30_000, ...options })
  bus.declare(adjust, 'a')
  bus.connectors(['a', 'b', 'c'])
  return { bus, lines: log.lines, clock }
}
