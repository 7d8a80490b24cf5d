import type { RouteRequest } from 'carabiner'
import type { Caller } from './caller.ts'
import type { Service } from './service.ts'

/** Something that somebody wants done: over HTTP, or on the command line. */
export interface Call {
  readonly service: Service
  readonly caller: Caller
  /** Whose objects it is about. */
  readonly owner: string
  readonly request: Pick<RouteRequest, 'traceId' | 'depth'>
}

/** Who did it, for the audit trail. */
export function actorOf({ owner }: Caller): string {
  return owner
}
