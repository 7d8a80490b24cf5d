import type { IntegrationTimes } from '../books/integration-record.ts'
import type { Integration } from '../integration.ts'
import { rfc3339 } from './time.ts'

/** An integration as the API shows it: nothing that it verifies or signs with. */
export interface IntegrationView {
  readonly id: string
  readonly provider: string
  readonly callbackUrl: string
  readonly active: boolean
  readonly createdAt: string
  readonly updatedAt: string
}

export function integrationView(
  { id, name, callbackUrl, active }: Integration,
  { createdAt, updatedAt }: IntegrationTimes,
  redact: (text: string) => string,
): IntegrationView {
  return {
    id,
    provider: name,
    callbackUrl: redact(callbackUrl),
    active,
    createdAt: rfc3339(createdAt),
    updatedAt: rfc3339(updatedAt),
  }
}
