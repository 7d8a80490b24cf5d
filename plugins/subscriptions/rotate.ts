import { CarabinerError, parseDuration } from 'carabiner'
import type { Call } from './call.ts'
import { findUnrevoked } from './change.ts'
import { commitSubscription, inItsTurn } from './commit.ts'
import { generateSecret } from './generate-secret.ts'
import { digestOf, type GeneratedSecret } from './generated-secret.ts'
import type { AnswerWith, Keep } from './once.ts'
import { checkReceiver } from './receiver.ts'
import type { RotateBody } from './schemas/subscription.ts'
import { type HeldSecret, type SubscriptionView, viewOf } from './subscription.ts'
import { unfitBody } from './surface.ts'

/** How long the old secret signs beside the new one, unless the caller says otherwise. */
const defaultGraceMs = 24 * 3_600_000
const longestGraceMs = 365 * 24 * 3_600_000

/** Secrets that sign at once: when more are rotated within their grace, the oldest goes. */
const mostSecrets = 5

/** The new secret stands in it as its digest, if it was made here: `withSecret` tells it. */
interface Rotated extends GeneratedSecret {
  readonly ok: true
  readonly subscription: SubscriptionView
}

/**
 * Gives a subscription a new secret, which signs first; the old one signs beside it for a while.
 *
 * @throws {RouteError} 404, 409, 422
 */
export async function rotate(
  call: Call,
  id: string,
  body: RotateBody,
  keep: Keep,
): Promise<AnswerWith<Rotated>> {
  const { service } = call
  const graceMs = graceOf(body.grace)
  checkReceiver(service, { secret: body.secret })
  const secret = body.secret ?? generateSecret(service.scope.config.signatures)

  return inItsTurn(service, id, async () => {
    const known = await findUnrevoked(call, id)
    const now = service.scope.clock.now()
    const secrets = rotated(known.secrets, secret, now, graceMs)
    const subscription = { ...known, secrets, updatedAt: now }
    const generated = body.secret === undefined ? { generated: digestOf(secret) } : {}
    const answer: AnswerWith<Rotated> = {
      status: 200,
      body: { ok: true, subscription: viewOf(subscription), ...generated },
    }
    const beside = keep === undefined ? [] : [keep(answer)]
    await commitSubscription(call, subscription, 'subscription.secret_rotated', beside)
    return answer
  })
}

/** Those that sign from now on, the new one first. A secret that is given again keeps no end. */
export function rotated(
  secrets: readonly HeldSecret[],
  secret: string,
  now: number,
  graceMs: number,
): readonly HeldSecret[] {
  const until = now + graceMs
  const fading = secrets
    .filter((held) => held.secret !== secret)
    .map((held) => ({ ...held, until: Math.min(held.until ?? until, until) }))
    .filter((held) => held.until > now)
  return [{ secret, until: null }, ...fading].slice(0, mostSecrets)
}

/** @throws {RouteError} 422 */
function graceOf(grace: string | number | undefined): number {
  if (grace === undefined) return defaultGraceMs
  try {
    const ms = parseDuration(grace, { zero: true })
    if (ms <= longestGraceMs) return ms
  } catch (error) {
    if (!(error instanceof CarabinerError)) throw error
    throw unfitBody('/grace', 'must be a duration such as 24h, or seconds', 'duration')
  }
  throw unfitBody('/grace', 'must be at most 365d', 'maximum')
}
