import type { Outcome } from '../bus/outcome.ts'

/** An outcome from the JSON it was stored as: what says nothing there (`null`) is left out again. `null`: there is none. */
export function storedOutcome(stored: unknown): Outcome | null {
  // What is stored was made from an outcome by `outcomeToJson`, field for field.
  const outcome = stored as (Outcome & Nullable) | null
  if (outcome === null) return null
  const { unknown, details, ...rest } = outcome
  // Taken out and put back where they say something, every field is as it was.
  return {
    ...rest,
    ...(unknown !== null && unknown !== undefined && { unknown }),
    ...(details !== null && details !== undefined && { details }),
  } as Outcome
}

/** The optional fields of outcomes: there in JSON, whether or not they say something. */
interface Nullable {
  readonly unknown?: readonly string[] | null
  readonly details?: unknown
}
