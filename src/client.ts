export type { Client, ClientOptions } from './client/client.ts'
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
export type { CallOptions } from './client/transport.ts'
