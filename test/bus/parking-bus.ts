import type { Bus, BusOptions } from '../../src/bus/bus.ts'
import type { Outcome } from '../../src/bus/outcome.ts'
import { openBus } from '../helpers/open-bus.ts'
import { RecordingParking } from './recording-parking.ts'

/** A bus that parks in memory. */
export function openParkingBus(options: Partial<BusOptions<never>> = {}): {
  readonly bus: Bus
  readonly parking: RecordingParking
} {
  const parking = new RecordingParking()
  const { bus } = openBus({ parking, ...options })
  parking.bus = bus
  return { bus, parking }
}

/** What came of an outcome, in a few words. */
export function essence(outcome: Outcome | undefined): unknown {
  switch (outcome?.kind) {
    case 'completed':
      return outcome.results.map((each) => ('value' in each ? each.value : each.error.code))
    case 'cancelled':
      return `cancelled by ${outcome.by}: ${outcome.reason}`
    case 'failed':
      return [outcome.phase, ...outcome.failures.map(({ code, message }) => `${code}: ${message}`)]
    case 'parked':
      return outcome.waitingFor.map(({ by, callbackId }) => `${by} ${callbackId}`)
    case undefined:
      return undefined
  }
}
