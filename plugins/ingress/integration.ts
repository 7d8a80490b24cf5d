import { type RateLimit, type RetryPolicy, retryPolicyOf } from 'carabiner'
import { integrationIdOf } from './books/name-id.ts'
import type { IngressConfig, IntegrationConfig, RateLimits } from './config.ts'
import type { Provider } from './providers/provider.ts'
import { createProvider } from './providers/providers.ts'

/** Where the events of a provider go, and how its requests are read. */
export interface Integration {
  readonly id: string
  readonly name: string
  /** Whether what is taken was proven to be genuine: not with `verify: none`. */
  readonly isVerified: boolean
  readonly provider: Provider
  readonly callbackUrl: string
  readonly active: boolean
  readonly endpoint: string
  readonly limits: RateLimits
  readonly retry: RetryPolicy
  readonly timeoutMs: number
  /** Signature schemes of deliveries: none, or one. */
  readonly signatures: readonly string[]
  readonly signingSecrets: readonly string[]
}

/** What the ids of integrations' endpoints begin with. */
export const endpointPrefix = 'integration/'

/** The integrations of a stanza, by the names of their providers. */
export function integrationsOf(config: IngressConfig): ReadonlyMap<string, Integration> {
  return new Map(config.integrations.map((each) => [each.provider, integrationOf(each, config)]))
}

function integrationOf(own: IntegrationConfig, common: IngressConfig): Integration {
  return {
    id: integrationIdOf(own.provider),
    name: own.provider,
    isVerified: own.verify !== 'none',
    provider: createProvider(own),
    callbackUrl: own.callback_url,
    active: own.active,
    endpoint: `${endpointPrefix}${own.provider}`,
    limits: {
      unverified: limitOf('unverified', own, common),
      verified: limitOf('verified', own, common),
    },
    // Providers go on posting: what a 410 ended would be lost, and nobody could begin it again.
    retry: { ...retryPolicyOf(own.retry ?? common.retry, 'gateway'), disableOnGone: false },
    timeoutMs: own.timeout ?? common.timeout,
    signatures: own.sign_with === undefined ? [] : [own.sign_with.scheme],
    signingSecrets: own.sign_with?.secret ?? [],
  }
}

/** `false`, which is read as `undefined`, is a limit of one's own too: none. */
function limitOf(
  kind: keyof RateLimits,
  { rate_limit: own = {} }: IntegrationConfig,
  { rate_limit: common }: IngressConfig,
): RateLimit | undefined {
  return kind in own ? own[kind] : common[kind]
}
