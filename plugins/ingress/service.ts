import { CarabinerError, type Scope } from 'carabiner'
import { AttemptBook } from './books/attempt-record.ts'
import { EventBook } from './books/event-book.ts'
import { ReplayBook } from './books/replay-record.ts'
import { WebhookBook } from './books/webhook-record.ts'
import type { IngressConfig } from './config.ts'
import { type Integration, integrationsOf } from './integration.ts'

/** What the connector's handlers and routes work with: one for each instance that is set up. */
export interface Service {
  readonly scope: Scope<IngressConfig>
  /** By the names of their providers, in the order of the assembly; those that are switched off too. */
  readonly integrations: ReadonlyMap<string, Integration>
  readonly events: EventBook
  readonly webhooks: WebhookBook
  readonly replays: ReplayBook
  readonly attempts: AttemptBook
}

const services = new WeakMap<object, Service>()

/** Makes the service of an instance. */
export function openService(scope: Scope<IngressConfig>): Service {
  const { config, records } = scope
  const service: Service = {
    scope,
    integrations: integrationsOf(config),
    events: new EventBook(records),
    webhooks: new WebhookBook(records),
    replays: new ReplayBook(records),
    attempts: new AttemptBook(records),
  }
  services.set(scope, service)
  return service
}

/** The service of the instance whose scope this is. */
export function serviceOf(scope: Scope<IngressConfig>): Service {
  const service = services.get(scope)
  if (service !== undefined) return service
  throw new CarabinerError('CONNECTOR_FAILED', `connector \`${scope.id}\` is not set up`)
}
