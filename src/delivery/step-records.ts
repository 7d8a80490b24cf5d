import type { Logger } from '../bus/handler.ts'
import { newId } from '../ids.ts'
import type { Beside } from '../store/beside.ts'
import type { Settlement } from '../store/store.ts'
import type { StepRecords } from './delivery-step.ts'
import type { HeldDelivery } from './held-deliveries.ts'

/** What is written with something else at a time; `undefined` for nothing. */
export function besideOf(
  { records = [], audit = [] }: StepRecords,
  createdAt: number,
): Beside | undefined {
  if (records.length === 0 && audit.length === 0) return undefined
  return { records, audit: audit.map((row) => ({ ...row, id: newId(), createdAt })) }
}

/** A settlement with what its endpoint has written beside it. Should the endpoint fail, its delivery is settled all the same. */
export function withBeside(
  settlement: Settlement,
  by: string | undefined,
  { delivery, endpoint }: HeldDelivery,
  log: Logger,
): Settlement {
  const { attempt, next, at } = settlement
  try {
    const written = endpoint.definition.beside?.({
      ...{ delivery, attempt, next, at },
      ...(by !== undefined && { by }),
    })
    const beside = written && besideOf(written, at)
    return beside === undefined ? settlement : { ...settlement, beside }
  } catch (error) {
    log.error(
      { err: error, delivery: delivery.id, endpoint: endpoint.id },
      'what stands beside a settlement could not be told: it is settled without',
    )
    return settlement
  }
}
