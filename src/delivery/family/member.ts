import { isDeepStrictEqual } from 'node:util'
import type { EndpointDefinition } from '../endpoint.ts'
import type { EndpointQueue } from '../endpoint-queue.ts'
import type { EndpointFamily } from './endpoint-family.ts'

/** An endpoint of a family while it is known here, and until when what is known of it is believed, monotonic milliseconds. */
export interface Member {
  readonly family: EndpointFamily
  queue: EndpointQueue
  definitionUntil: number
  stateUntil: number
  /** Needed since somebody last looked for one to forget. */
  isUsed: boolean
}

/** Whether enough is known of it to send something. */
export function isFresh({ definitionUntil, stateUntil }: Member, now: number): boolean {
  return definitionUntil > now && stateUntil > now
}

/** Functions are the same only if they are one and the same. */
export function isSame(a: EndpointDefinition, b: EndpointDefinition): boolean {
  return a === b || isDeepStrictEqual(a, b)
}
