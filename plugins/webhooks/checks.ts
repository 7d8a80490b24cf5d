import { CarabinerError, type Check, certificateEnd, systemClock } from 'carabiner'
import type { WebhookConfig } from './config.ts'
import { endpointTls } from './tls.ts'
import { nameOf } from './webhook.ts'

type Webhooks = readonly WebhookConfig[]

const dayMs = 24 * 60 * 60 * 1_000
const warningDays = 14

/** What endpoints that ask for a certificate depend on. */
export const checks: readonly Check<Webhooks>[] = [
  {
    id: 'certificates',
    name: 'No certificate of `tls` has ended',
    severity: 'common',
    tags: ['deliveries', 'security'],
    hint: 'put the new one where `cert` and `key` point, then reload; deliveries wait meanwhile',
    run: ({ config }) => refuseEnding(config, 0),
  },
  {
    id: 'certificates_soon',
    name: `No certificate of \`tls\` ends within ${warningDays} days`,
    severity: 'warning',
    tags: ['deliveries', 'security'],
    run: ({ config }) => refuseEnding(config, warningDays),
  },
]

function refuseEnding(webhooks: Webhooks, days: number): void {
  const until = systemClock.now() + days * dayMs
  const ending = webhooks.flatMap((webhook) => {
    const end = webhook.tls && certificateEnd(endpointTls(webhook.tls))
    return end === undefined || end > until ? [] : [`${nameOf(webhook)} (${timeOf(end)})`]
  })
  if (ending.length === 0) return
  throw new CarabinerError('ASSEMBLY_INVALID', `certificates end: ${ending.join(', ')}`)
}

function timeOf(milliseconds: number): string {
  return new Date(milliseconds).toISOString()
}
