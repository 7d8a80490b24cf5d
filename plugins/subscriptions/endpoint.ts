import { type EndpointDefinition, retryPolicyOf } from 'carabiner'
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

/** Definitions that are kept. */
const mostKept = 10_000

/** Where the deliveries of subscriptions go, and how. What was made of a version of a subscription is not made again. */
export class Definitions {
  readonly #config: SubscriptionsConfig
  readonly #kept = new Map<
    string,
    { readonly version: number; readonly made: EndpointDefinition }
  >()

  constructor(config: SubscriptionsConfig) {
    this.#config = config
  }

  /** As a subscription is now. */
  of(subscription: Subscription, now: number): EndpointDefinition {
    const { id, version, secrets } = subscription
    const kept = this.#kept.get(id)
    if (kept?.version === version) return kept.made
    const made = definitionOf(subscription, this.#config, now)
    // What signs beside another does so for a time only.
    if (secrets.some(({ until }) => until !== null)) return made
    if (this.#kept.size >= mostKept) this.#kept.clear()
    this.#kept.set(id, { version, made })
    return made
  }
}

function definitionOf(
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
    retry: retryPolicyOf(config.retry, 'axme'),
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
