import { type EndpointDefinition, retryPolicies } from 'carabiner'
import type { SubscriptionsConfig } from '../config.ts'
import type { TenantConfig, TenantSubscription, TenantsConfig } from './config.ts'

const concurrency = 8
const replyLimit = 64 * 1024

/** One receiver of a tenant: a subscription of one of its configurations. */
export interface Receiver {
  readonly tenant: string
  /** Of the configuration. */
  readonly config: string
  readonly eventType: string
  readonly targetUrl: string
  /** Whether its configuration is switched on. */
  readonly enabled: boolean
  readonly endpoint: EndpointDefinition
}

/**
 * Every receiver of every tenant, in the order in which they are written.
 *
 * @param health - the check in `/health` that all of them share
 */
export function receiversOf(
  tenants: TenantsConfig,
  http: SubscriptionsConfig['http'],
  health: string,
): readonly Receiver[] {
  return Object.entries(tenants).flatMap(([tenant, configs]) =>
    configs.flatMap((config) => {
      // Nothing is sent to one that is switched off: it would be in trouble until it is switched on.
      const policy = { ...policyOf(config, http), ...(config.enabled && { health }) }
      return config.subscriptions.map((each) => receiverOf(tenant, config, each, policy))
    }),
  )
}

/** Whether a receiver is told of events of this type: exactly its own, or all. */
export function isTold({ eventType, enabled }: Receiver, type: string): boolean {
  return enabled && (eventType === '*' || eventType === type)
}

/** The id under which deliveries to a receiver are found after a restart. */
export function endpointId(
  tenant: string,
  config: string,
  { event_type: type, target_url: url }: Pick<TenantSubscription, 'event_type' | 'target_url'>,
): string {
  return `tenant/${tenant}/${config}/${type} ${url}`
}

function receiverOf(
  tenant: string,
  { name, enabled }: TenantConfig,
  subscription: TenantSubscription,
  policy: Policy,
): Receiver {
  const { event_type: eventType, target_url: targetUrl } = subscription
  return {
    tenant,
    config: name,
    eventType,
    targetUrl,
    enabled,
    endpoint: {
      id: endpointId(tenant, name, subscription),
      ...policy,
      url: targetUrl,
      metricsLabel: `tenant/${tenant}/${name}`,
      headers: lowerCase(subscription.headers),
    },
  }
}

type Policy = Omit<EndpointDefinition, 'id' | 'url' | 'headers'>

/** What the receivers of a configuration have in common. */
function policyOf(
  { secret, max_attempts: maxTries, backoff_ms: baseMs, authorized_domains: domains }: TenantConfig,
  { timeout, circuit_breaker: breaker }: SubscriptionsConfig['http'],
): Policy {
  return {
    ...(domains.length > 0 && { authorizedDomains: domains.map(nameOf) }),
    secrets: secret === undefined ? [] : [secret],
    signatures: secret === undefined ? [] : ['pyfly'],
    timeoutMs: timeout,
    retry: { ...retryPolicies.pyfly, maxTries, baseMs },
    concurrency,
    rate: undefined,
    circuitBreaker: {
      failureThreshold: breaker.failure_threshold,
      recoveryTimeoutMs: breaker.recovery_timeout,
      count5xx: false,
    },
    replyLimit,
  }
}

function nameOf(domain: TenantConfig['authorized_domains'][number]): string {
  return typeof domain === 'string' ? domain : domain.domain
}

function lowerCase(headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]),
  )
}
