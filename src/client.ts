export type {
  Callback,
  CallbackAnswered,
  CallbackCallOptions,
  CallbackDetail,
  CallbackState,
  CallbacksClient,
  CallbacksPage,
  ListCallbacks,
} from './client/callbacks.ts'
export type { Capabilities, Client, ClientOptions, Health } from './client/client.ts'
export { createClient } from './client/client.ts'
export {
  ApiError,
  type ApiErrorFacts,
  AuthError,
  ConnectionError,
  RateLimitError,
  ServerError,
  type ValidationDetail,
  ValidationError,
} from './client/errors.ts'
export type {
  BatchAnswer,
  BatchResult,
  DeliveriesPage,
  DeliveryCounters,
  DeliveryStatus,
  EventAnswer,
  ListDeliveries,
  PublishedAnswer,
  PublishWebhookEvent,
  ReplayedAnswer,
  TestedAnswer,
  WebhookDelivery,
  WebhookEvent,
} from './client/events.ts'
export type {
  Execution,
  ExecutionStatus,
  ExecutionsClient,
  ExecutionsPage,
  ListExecutions,
} from './client/executions.ts'
export type {
  ListWebhookSubscriptions,
  RevokedAnswer,
  RotatedAnswer,
  RotateSecret,
  SubscriptionAnswer,
  SubscriptionsPage,
  UpdateWebhookSubscription,
  UpsertWebhookSubscription,
  WebhookSubscription,
} from './client/subscriptions.ts'
export type { CallOptions } from './client/transport.ts'
