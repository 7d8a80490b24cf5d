/** For servers that take the answers to callbacks, and for whoever gives them. It needs no host: a store, opened with `openStore(url)`. */

export type { Callback, CallbackAction, CallbackState } from './callbacks/callback.ts'
export type { CallbackSecurity, HeaderLookup } from './callbacks/callback-access.ts'
export {
  callbackBodyLimit,
  defaultHeartbeatSeconds,
  longestHeartbeatSeconds,
} from './callbacks/callback-body.ts'
export {
  CallbackBook,
  type CallbackStore,
  expiredError,
  type NewCallback,
} from './callbacks/callback-book.ts'
export type { CallbackRoutesConfig } from './callbacks/callback-http.ts'
export type { CallbackListQuery } from './callbacks/callback-list.ts'
export {
  type CallbackConfig,
  CallbackReceiver,
  type CallbackReply,
} from './callbacks/callback-receiver.ts'
export { callbackRoutes } from './callbacks/callback-routes.ts'
export {
  callbackSignatureHeader,
  signCallback,
  verifyCallback,
} from './callbacks/callback-signature.ts'
export { callbackPrefix, callbackUrl, defaultCallbackPrefix } from './callbacks/callback-url.ts'
export { type CallbackMiddleware, expressCallbacks } from './callbacks/express-callbacks.ts'
export {
  type FastifyCallbackReply,
  type FastifyCallbackRequest,
  type FastifyCallbackRoute,
  type FastifyForCallbacks,
  fastifyCallbacks,
} from './callbacks/fastify-callbacks.ts'
export { type NodeCallbackListener, nodeCallbacks } from './callbacks/node-callbacks.ts'
export {
  type CallbackRequest,
  completeCallback,
  failCallback,
  heartbeatCallback,
  receiveCallback,
  type TrustedCallbackRequest,
} from './callbacks/receive-callback.ts'
export { CarabinerError, type CarabinerErrorCode } from './errors.ts'
export type { RequestHeaders } from './receiver/webhook-request.ts'
