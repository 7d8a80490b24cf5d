import {
  type Static,
  type TArray,
  type TLiteral,
  type TObject,
  type TOptional,
  type TString,
  type TUnion,
  type TUnknown,
  Type,
} from 'typebox'
import { moment } from '../schema/moment.ts'
import type { AnyEvent, EventDefinition } from './event.ts'

type Startup = EventDefinition<'startup', TObject<{}>, TUnknown>
type Shutdown = EventDefinition<'shutdown', TObject<{ reason: TString }>, TUnknown>
type CheckEvent = EventDefinition<
  'check',
  TObject<{ ids: TOptional<TArray<TString>>; tags: TOptional<TArray<TString>> }>,
  TUnknown
>

/** One settled delivery, or all of a state, an endpoint and a time of creation (RFC 3339; `to` exclusive). */
type RedeliverFilterSchema = TUnion<
  [
    TObject<{ deliveryId: TString }>,
    TObject<{
      state: TUnion<[TLiteral<'dead'>, TLiteral<'delivered'>, TLiteral<'cancelled'>]>
      endpoint: TOptional<TString>
      from: TOptional<TString>
      to: TOptional<TString>
    }>,
  ]
>
type RedeliverEvent = EventDefinition<
  'deliveries.redeliver',
  TObject<{ filter: RedeliverFilterSchema }>,
  TUnknown
>

/** Which settled deliveries are to be sent again: one, or all that match. Times in RFC 3339. */
export type RedeliverFilter = Static<RedeliverFilterSchema>

/** The events every host has, by name. */
export interface BuiltInEvents {
  readonly startup: Startup
  readonly shutdown: Shutdown
  readonly check: CheckEvent
  readonly 'deliveries.redeliver': RedeliverEvent
}

const plain = {
  description: undefined,
  around: undefined,
  timeoutMs: undefined,
  reentrant: false,
  parks: false,
  result: Type.Unknown(),
}

/** The events every host has, in the order a host dispatches them. */
export function builtInEvents(): readonly AnyEvent[] {
  return [startup, check, redeliverEvent, shutdown]
}

/** Whether a before handler may cancel the event. A host that has to stop stops. */
export function isCancellable(event: AnyEvent): boolean {
  return event.name !== shutdown.name
}

/** Dispatched once when every connector is set up, before listeners open. */
const startup: Startup = {
  ...plain,
  name: 'startup',
  description: 'The host has started',
  params: Type.Object({}),
}

/** Dispatched once when the host stops, before connectors are stopped. Cannot be cancelled. */
const shutdown: Shutdown = {
  ...plain,
  name: 'shutdown',
  description: 'The host is stopping',
  params: Type.Object({ reason: Type.String() }),
}

/** Dispatched around a run of the connectors' checks. */
const check: CheckEvent = {
  ...plain,
  name: 'check',
  description: 'The checks of the connectors are run',
  params: Type.Object({
    ids: Type.Optional(Type.Array(Type.String())),
    tags: Type.Optional(Type.Array(Type.String())),
  }),
}

/** Dispatched when settled deliveries are to be sent again; what does it is the host's own on handler. */
export const redeliverEvent: RedeliverEvent = {
  ...plain,
  name: 'deliveries.redeliver',
  description: 'Settled deliveries are sent again: one, or all that a filter matches',
  params: Type.Object({
    filter: Type.Union([
      Type.Object({ deliveryId: Type.String({ format: 'uuid' }) }, { additionalProperties: false }),
      Type.Object(
        {
          state: Type.Union([
            Type.Literal('dead'),
            Type.Literal('delivered'),
            Type.Literal('cancelled'),
          ]),
          endpoint: Type.Optional(Type.String({ minLength: 1 })),
          from: Type.Optional(moment),
          to: Type.Optional(moment),
        },
        { additionalProperties: false },
      ),
    ]),
  }),
}
