import type { Outcome } from '../bus/outcome.ts'
import { CarabinerError, type CarabinerErrorCode } from '../errors.ts'

/** Exit codes of the command line. */
export const exitCode = { done: 0, failed: 1, usage: 2, cancelled: 3, parked: 4 } as const
export type ExitCode = (typeof exitCode)[keyof typeof exitCode]

const usageCodes: ReadonlySet<CarabinerErrorCode> = new Set([
  'CONNECTOR_UNKNOWN',
  'DELIVERY_UNKNOWN',
  'ENDPOINT_UNKNOWN',
  'EVENT_UNKNOWN',
  'HOOK_INVALID',
  'QUANTITY_INVALID',
  'USAGE',
])

/** What the process ends with after an error: 2 when the call was off, 1 when the work was. */
export function exitCodeOf(error: unknown): ExitCode {
  return error instanceof CarabinerError && usageCodes.has(error.code)
    ? exitCode.usage
    : exitCode.failed
}

/** What the process ends with after a dispatch. */
export function exitCodeOfOutcome(outcome: Outcome): ExitCode {
  switch (outcome.kind) {
    case 'completed':
      return exitCode.done
    case 'cancelled':
      return exitCode.cancelled
    case 'failed':
      return exitCode.failed
    case 'parked':
      return exitCode.parked
  }
}

/** The command has said everything; the process ends with this code. */
export class CommandExit extends CarabinerError {
  override readonly name: string = 'CommandExit'
  readonly exitCode: ExitCode

  constructor(code: ExitCode) {
    super('USAGE', `exit ${code}`)
    this.exitCode = code
  }
}
