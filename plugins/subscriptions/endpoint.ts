import { type EndpointDefinition, retryPolicies } from 'carabiner'
import type { SubscriptionsConfig } from './config.ts'
import { type Subscription, secretsAt } from './subscription.ts'

/** What the ids of subscriptions' endpoints begin with. */
export const endpointPrefix = 'subscription/'

/** Requests at once to one subscription. */
const concurrency = 8
const replyLimit = 64 * 1024

/** The id under which deliveries to a subscription are found. */
export function endpointOf(subscriptionId: string): string {
  return `${endpointPrefix}${subscriptionId}`
}

/** The subscription whose endpoint this is. */
export function subscriptionOf(endpoint: string): string {
  return endpoint.slice(endpointPrefix.length)
}

/** Where a subscription's deliveries go, and how: as it is now. */
export function definitionOf(
  subscription: Subscription,
  config: SubscriptionsConfig,
  now: number,
): EndpointDefinition {
  const { timeout, circuit_breaker: breaker } = config.http
  const secrets = secretsAt(subscription, now)
  return {
    id: endpointOf(subscription.id),
    url: subscription.callbackUrl,
    identity: 'delivery',
    egress: config.egress,
    headers: {},
    secrets,
    signatures: secrets.length === 0 ? [] : config.signatures,
    timeoutMs: timeout,
    retry: retryPolicies[config.retry],
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
