import type { Failed, Outcome } from '../bus/outcome.ts'
import type { DispatchStand, Wait } from '../bus/parking.ts'
import type { DispatchRecord } from './dispatch-record.ts'

/** The record of a dispatch that only callbacks keep from going on. @param before - what was stored of it until now */
export function parkedAt(
  stand: DispatchStand,
  holder: string,
  now: number,
  before: DispatchRecord | undefined,
): DispatchRecord {
  const createdAt = before?.createdAt ?? now - Math.round(stand.workedMs)
  const times = { createdAt, updatedAt: now }
  return { stand, state: 'parked', holder, hasBegun: false, outcome: null, ...times }
}

/** Somebody goes on with it; from where it stands nothing has been done yet. */
export function takenUp(record: DispatchRecord, holder: string, now: number): DispatchRecord {
  return { ...record, state: 'running', holder, hasBegun: false, updatedAt: now }
}

/** From now on nobody else can go on with it. */
export function begunAt(record: DispatchRecord, stand: DispatchStand, now: number): DispatchRecord {
  return { ...record, stand, state: 'running', hasBegun: true, updatedAt: now }
}

export function doneWith(record: DispatchRecord, outcome: Outcome, now: number): DispatchRecord {
  const stand = { ...record.stand, waits: [], isHeld: false }
  return { ...record, stand, state: 'done', holder: null, outcome, updatedAt: now }
}

/** Whether nobody can go on with it but the process that holds it. */
export function isBoundToHolder({ state, stand, hasBegun }: DispatchRecord): boolean {
  return state !== 'done' && (stand.isHeld || hasBegun)
}

/** What became of a dispatch that the keeper ends itself: nobody can go on with it. */
export function failedOutcome(
  stand: DispatchStand,
  failure: { readonly code: string; readonly message: string },
): Outcome & Failed {
  const { phase, results, warnings } = stand
  return {
    ...outcomeBase(stand),
    kind: 'failed',
    phase,
    failures: [{ connector: 'host', phase, ...failure }],
    results: results.map(({ result }) => result),
    warnings,
  }
}

/** What is told of a dispatch that is not done. @param waits - what it waits for still */
export function parkedOutcome(stand: DispatchStand, waits: readonly Wait[]): Outcome {
  const waitingFor = waits.map(({ by, callbackId, expiresAt }) => {
    return { by, callbackId, expiresAt: new Date(expiresAt).toISOString() }
  })
  return { ...outcomeBase(stand), kind: 'parked', waitingFor }
}

function outcomeBase({ dispatchId, traceId, event, workedMs, warnings }: DispatchStand) {
  return { dispatchId, traceId, event, dryRun: false, durationMs: workedMs, warnings }
}
