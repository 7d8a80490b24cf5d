import {
  type TArray,
  type TObject,
  type TOptional,
  type TString,
  type TUnknown,
  Type,
} from 'typebox'
import type { AnyEvent, EventDefinition } from './event.ts'

type Startup = EventDefinition<'startup', TObject<{}>, TUnknown>
type Shutdown = EventDefinition<'shutdown', TObject<{ reason: TString }>, TUnknown>
type CheckEvent = EventDefinition<
  'check',
  TObject<{ ids: TOptional<TArray<TString>>; tags: TOptional<TArray<TString>> }>,
  TUnknown
>

/** The events every host has, by name. */
export interface BuiltInEvents {
  readonly startup: Startup
  readonly shutdown: Shutdown
  readonly check: CheckEvent
}

const plain = {
  description: undefined,
  around: undefined,
  timeoutMs: undefined,
  reentrant: false,
  result: Type.Unknown(),
}

/** The events every host has, in the order a host dispatches them. */
export function builtInEvents(): readonly AnyEvent[] {
  return [startup, check, shutdown]
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
