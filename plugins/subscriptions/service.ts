import { CarabinerError, type RegisteredFamily, type Scope, Turns } from 'carabiner'
import { BatchPlaces } from './batch-places.ts'
import { Callers } from './caller.ts'
import type { SubscriptionsConfig } from './config.ts'
import { Definitions, endpointPrefix, subscriptionOf } from './endpoint.ts'
import { EventBook } from './event-book.ts'
import { EventTypes } from './event-types.ts'
import { Intake } from './intake.ts'
import { SubscriptionBook } from './subscription-book.ts'

/** What the connector's handlers and routes work with: one for each instance that is set up. */
export interface Service {
  readonly scope: Scope<SubscriptionsConfig>
  readonly callers: Callers
  readonly types: EventTypes
  readonly subscriptions: SubscriptionBook
  readonly definitions: Definitions
  readonly events: EventBook
  readonly intake: Intake
  readonly batches: BatchPlaces
  readonly family: RegisteredFamily
  /** Changes of one subscription, one after another. */
  readonly turns: Turns
}

const services = new WeakMap<object, Service>()

/** Makes the service of an instance, and its subscriptions known to the delivery engine. */
export function openService(scope: Scope<SubscriptionsConfig>): Service {
  const { config, records, clock } = scope
  const subscriptions = new SubscriptionBook(records)
  const definitions = new Definitions(config)
  const family = scope.deliveries.family({
    prefix: endpointPrefix,
    goneReason: 'subscription revoked',
    async resolve(ids) {
      const found = await subscriptions.byId(ids.map(subscriptionOf))
      return found
        .filter(({ revokedAt }) => revokedAt === null)
        .map((each) => definitions.of(each, clock.now()))
    },
  })
  const service: Service = {
    scope,
    callers: new Callers(config.api_keys, scope.apiKeys),
    types: new EventTypes(config.event_types),
    subscriptions,
    definitions,
    events: new EventBook(records),
    intake: new Intake(),
    batches: new BatchPlaces(clock),
    family,
    turns: new Turns(),
  }
  services.set(scope, service)
  return service
}

/** The service of the instance whose scope this is. */
export function serviceOf(scope: Scope<SubscriptionsConfig>): Service {
  const service = services.get(scope)
  if (service !== undefined) return service
  throw new CarabinerError('CONNECTOR_FAILED', `connector \`${scope.id}\` is not set up`)
}
