import type { PermitRequest, Permits } from './permits.ts'

/** One window of a key, in UTC milliseconds. */
export interface PermitWindow {
  readonly resetsAt: number
  readonly forgetAt: number
}

export function permitWindowOf({ now, windowMs }: PermitRequest): PermitWindow {
  const resetsAt = (Math.floor(now / windowMs) + 1) * windowMs
  return { resetsAt, forgetAt: resetsAt + windowMs }
}

/** @param taken - what was granted before in this window */
export function permitsOf(request: PermitRequest, taken: number): Permits {
  const left = Math.max(0, request.limit - taken)
  const granted = Math.min(request.wanted, left)
  return { granted, remaining: left - granted, resetsAt: permitWindowOf(request).resetsAt }
}
