import type { Allowance, RouteHead } from 'carabiner'
import type { KeyScope } from './api-key-config.ts'
import { type Caller, ownerOf, requireScope } from './caller.ts'
import type { Service } from './service.ts'
import { refusal } from './surface.ts'

/** Who was let in. */
export interface Admitted {
  readonly caller: Caller
  readonly owner: string
  /** Headers that tell the caller how many calls are left. */
  readonly limits: Readonly<Record<string, string>>
}

/**
 * Lets a caller in: by its key, for an owner it may act for, not too often. Nothing of the body is read before.
 *
 * @throws {RouteError} 400, 401, 403, 429
 */
export async function admit(
  { callers, scope }: Service,
  head: RouteHead,
  wanted: KeyScope,
  route: string,
): Promise<Admitted> {
  const caller = await callers.identify(head.headers)
  requireScope(caller, wanted)
  const owner = ownerOf(caller, head)
  const { rate_limit: rate } = scope.config
  if (rate === undefined) return { caller, owner, limits: {} }

  const allowance = await scope.limits.take(`${caller.id} ${route}`, rate)
  const limits = limitHeaders(allowance)
  if (!allowance.isAllowed) throw tooMany(allowance, limits, scope.clock.now())
  return { caller, owner, limits }
}

/** The moment of the reset in UTC seconds. */
function limitHeaders({ limit, remaining, resetsAt }: Allowance): Readonly<Record<string, string>> {
  return {
    'x-ratelimit-limit': String(limit),
    'x-ratelimit-remaining': String(remaining),
    'x-ratelimit-reset': String(Math.ceil(resetsAt / 1_000)),
  }
}

function tooMany(
  { resetsAt }: Allowance,
  limits: Readonly<Record<string, string>>,
  now: number,
): Error {
  const seconds = Math.max(1, Math.ceil((resetsAt - now) / 1_000))
  return refusal({
    status: 429,
    code: 'rate_limit_exceeded',
    message: `too many calls: try again in ${seconds} s`,
    headers: { ...limits, 'retry-after': String(seconds) },
  })
}
