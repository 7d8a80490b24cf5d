import { type CallbackTicket, toJson } from 'carabiner'

/** What a worker is to do. */
export interface Job {
  /** The same over all attempts. */
  readonly id: string
  /** Name of the event. */
  readonly kind: string
  /** Its params. */
  readonly args: object
  readonly maxAttempts: number
  /** Where the result is awaited; `undefined`: in the reply. */
  readonly callback: CallbackTicket | undefined
}

/** The body of the request that hands a job out. @param attempt - from 1 */
export function jobBody(
  { id, kind, args, maxAttempts, callback }: Job,
  attempt: number,
): Uint8Array {
  const body = {
    job_id: id,
    kind,
    args,
    attempt,
    max_attempts: maxAttempts,
    ...(callback && { callback_id: callback.id, callback_url: callback.url }),
  }
  return new TextEncoder().encode(stringify(body))
}

/** Params that no JSON can say stand here as they stand in an outcome over HTTP. */
function stringify(body: object): string {
  try {
    return JSON.stringify(body)
  } catch {
    return JSON.stringify(toJson(body)) // a bigint, a cycle, a `toJSON` that throws
  }
}
