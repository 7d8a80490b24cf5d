/** For programs that receive Carabiner's webhooks. It needs no host, and nothing that a host needs. */
export { CarabinerError, type CarabinerErrorCode } from './errors.ts'
export { type CancelReply, cancelEvent } from './receiver/cancel-event.ts'
export type { ChannelMessage } from './receiver/channel-message.ts'
export type {
  Acknowledgement,
  AfterHandlers,
  AfterWebhookHandler,
  BeforeAnswer,
  BeforeHandlers,
  BeforeWebhookHandler,
  ChannelHandler,
  ChannelHandlers,
} from './receiver/handlers.ts'
export {
  inspectSignatures,
  type SchemeReport,
  type SignatureReport,
} from './receiver/inspect-signatures.ts'
export { type ReceiverOptions, receiver } from './receiver/receiver.ts'
export type { VerifyOptions } from './receiver/verifier.ts'
export {
  type VerifyEventOptions,
  verifyChannelMessage,
  verifyWebhook,
} from './receiver/verify-webhook.ts'
export type {
  AfterEvent,
  BeforeEvent,
  DecisionCallback,
  EventFacts,
  ReceivedResult,
  WebhookEvent,
} from './receiver/webhook-event.ts'
export type { RawRequest, RequestHeaders, WebhookRequest } from './receiver/webhook-request.ts'
