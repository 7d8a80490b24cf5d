/** `carabiner/subscriptions`: what programs that run a host, and connectors, call. */
export {
  type Accepted,
  type Cancelled,
  type Dispatched,
  type DispatchFailure,
  type Execution,
  type Failed,
  type Subscriptions,
  subscriptionsOn,
  type TenantDispatchOptions,
} from './tenants/dispatch.ts'
