import type { DeliveryRow } from './store.ts'

/** Why a delivery waits, or is dead, when its endpoint went from the assembly. */
export const missingEndpointReason = 'endpoint not in the assembly'

/** A delivery as listings show it: one that waits for a missing endpoint waits for that. */
export function withReason(row: DeliveryRow, missingSince: number | null): DeliveryRow {
  if (missingSince === null || row.state !== 'pending') return row
  return { ...row, lastError: missingEndpointReason }
}
