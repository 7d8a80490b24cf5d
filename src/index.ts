export { type ApiKey, actsFor, hasScope, type NewApiKey } from './access/api-key.ts'
export type { KeyBook } from './access/key-book.ts'
export type { Once, OnceRequest, OnceResult, OnceSlot, StoredAnswer } from './access/once.ts'
export type { Allowance, RateLimiter } from './access/rate-limiter.ts'
export type { AssembledConnector, Assembly, Complaint } from './assembly/assembly.ts'
export { AssemblyError } from './assembly/assembly-error.ts'
export { type LoadedFile, type LoadOptions, loadAssembly } from './assembly/load-assembly.ts'
export type { Problem } from './assembly/problem.ts'
export type { CallbackResolution } from './bus/callback-resolution.ts'
export { type CurrentEvent, currentEvent } from './bus/current-event.ts'
export type { DispatchEvent } from './bus/dispatch-event.ts'
export type { DispatchOptions } from './bus/dispatch-options.ts'
export {
  type AnyEvent,
  defineEvent,
  type EventDefinition,
  type EventOptions,
  type ParamsOf,
  type ResultOf,
} from './bus/event.ts'
export type {
  AfterContext,
  AfterHandler,
  BeforeHandler,
  HandlerContext,
  HandlerOptions,
  Logger,
  OnHandler,
} from './bus/handler.ts'
export { type CallbackTicket, OpenCallback } from './bus/open-callback.ts'
export type { EventResult, Failure, Outcome, Waiting, Warning } from './bus/outcome.ts'
export { type Json, json as toJson } from './bus/outcome-json.ts'
export { type Hook, type Phase, parseHook } from './bus/phase.ts'
export { suggestion } from './bus/suggestion.ts'
export type { ChannelMessage, MessageInput } from './channels/message.ts'
export { matchesSelector, parseSelector } from './channels/selector.ts'
export { type Clock, systemClock } from './clock.ts'
export type { Check } from './connector/check.ts'
export type {
  CommandContext,
  CommandHost,
  CommandScope,
  ConnectorCommand,
} from './connector/command.ts'
export {
  numberOption,
  textOption,
  timeOption,
  usageError,
  waitOption,
  wordOption,
} from './connector/command-options.ts'
export type { ConfigProblem, Connector, InspectInput } from './connector/connector.ts'
export { defineConnector } from './connector/define-connector.ts'
export { inspectCallbacks } from './connector/inspect-callbacks.ts'
export type { RecordBook } from './connector/record-book.ts'
export type { ConnectorRoute } from './connector/route.ts'
export {
  type AnswerOptions,
  answer,
  type RequestMismatch,
  type RouteAnswer,
  RouteError,
  type RouteRefusal,
} from './connector/route-answer.ts'
export type { RouteHeader, RouteOperation, RouteResponse } from './connector/route-operation.ts'
export type { RouteHead, RouteRequest } from './connector/route-request.ts'
export type { Metrics, Scope } from './connector/scope.ts'
export type {
  AskOptions,
  CircuitOpen,
  Deliveries,
  OutboundMessage,
  Recipient,
  RegisteredEndpoint,
  SendOptions,
  SendWait,
  SentDelivery,
} from './delivery/deliveries.ts'
export type { AdmissionVerdict, DeliveryAtHand } from './delivery/delivery-at-hand.ts'
export type { DeliveryStep, StepRecords } from './delivery/delivery-step.ts'
export type { EndpointEgress } from './delivery/egress/egress-options.ts'
export { egressRefusal } from './delivery/egress/egress-refusal.ts'
export { checkProxy } from './delivery/egress/proxy-check.ts'
export type { CircuitBreakerOptions, EndpointDefinition } from './delivery/endpoint.ts'
export {
  certificateEnd,
  type EndpointTls,
  type EndpointTlsProblem,
  inspectTls,
} from './delivery/endpoint-tls.ts'
export type { EndpointFamily, RegisteredFamily } from './delivery/family/endpoint-family.ts'
export { inspectHeader } from './delivery/inspect-header.ts'
export { inspectUrl, type UrlProblem } from './delivery/inspect-url.ts'
export { enableEndpoint, pauseEndpoint } from './delivery/intervention.ts'
export { nextStep, scheduledWait } from './delivery/next-step.ts'
export type { Questions } from './delivery/questions.ts'
export { parseRetryAfter } from './delivery/retry-after.ts'
export { type RetryPolicy, type RetryPresetName, retryPolicies } from './delivery/retry-policy.ts'
export {
  inspectRetry,
  type RetryChoice,
  type RetryFields,
  type RetryProblem,
  RetrySetting,
  retryPolicyOf,
} from './delivery/retry-setting.ts'
export type { CompleteReply, NoReply, Timings } from './delivery/sender.ts'
export { type HmacSchemeOptions, hmacScheme } from './delivery/signing/hmac.ts'
export type { PreparedKey, SignatureScheme, Verification } from './delivery/signing/scheme.ts'
export { schemes as signatureSchemes } from './delivery/signing/schemes.ts'
export { signedForm } from './delivery/signing/signed-form.ts'
export { fittingKeys, Signer } from './delivery/signing/signer.ts'
export {
  CarabinerError,
  type CarabinerErrorCode,
  ConnectorError,
  EventCancelledError,
  EventParamsError,
  type Mismatch,
  messageOf,
  RecordConflictError,
} from './errors.ts'
export { type HostOptions, type RunningHost, startHost } from './host.ts'
export { type DeliveryId, type MessageId, newId } from './ids.ts'
export { rawItems, rawMember } from './json/raw-member.ts'
export { createLogger, type HostLogger, type LogOptions } from './log.ts'
export type { CallbackDesk, Callbacks, OpenCallbackOptions } from './parking/callbacks.ts'
export { parseDuration, printDuration } from './quantity/duration.ts'
export { parseGlob } from './quantity/glob.ts'
export { parseRate, type Rate as RateLimit } from './quantity/rate.ts'
export { Duration, Rate, Secret, SecretList, Size } from './quantity/schemas.ts'
export { parseSize } from './quantity/size.ts'
export { inDraft2020 } from './schema/json-schema.ts'
export { Validator } from './schema/validator.ts'
export { openSharedStore as openStore } from './store/open-store.ts'
export {
  type Published,
  type PublishedMessage,
  type PublishOptions,
  publish,
} from './store/postgres/publish.ts'
export type {
  ListedRecord,
  RecordListOrder,
  RecordListQuery,
  RecordListRange,
} from './store/record-list.ts'
export type {
  FoundRecord,
  RecordLookup,
  RecordPage,
  RecordPatch,
  RecordPlace,
  RecordPut,
  RecordQuery,
  RecordRemoval,
  RecordWrite,
  StoredRecord,
} from './store/records.ts'
export type {
  AttemptRow,
  AuditRow,
  DeliveryState,
  EndpointState,
  Message,
  Settlement,
  Store,
} from './store/store.ts'
export type { Tally } from './store/tally.ts'
export type { TransactionClient } from './store/transactional.ts'
export { TurnoverMap } from './turnover.ts'
export { Turns } from './turns.ts'
