import type { Assembly } from './assembly/assembly.ts'
import type { Clock } from './clock.ts'
import type { LookupAll } from './delivery/egress/host-lookup.ts'
import type { Reply, Sender } from './delivery/sender.ts'

/**
 * The two HTTP clients of a host, each loaded when it is first needed: `got` where a decision is awaited, `undici` for the outbox.
 * Disposing them closes their connections.
 */
export interface LazySenders extends AsyncDisposable {
  ask(): Promise<Sender>
  deliver(): Promise<Sender>
}

/**
 * Requests of the outbox to one origin at once. What an endpoint and the host may have under way is bounded by their own limits; fewer here would
 * let endpoints that hang hold up others at the same origin.
 */
const deliveriesAtOnce = 4_096

export function lazySenders(
  { host }: Assembly,
  clock: Clock,
  lookup: LookupAll | undefined,
): LazySenders {
  const { replyHeaderBytes: headerBytes, replyHeaderLines: headerCount } = host.deliveries
  const limits = { headerBytes, headerCount }
  const options = { egress: host.egress, clock, limits, ...(lookup && { lookup }) }
  let asking: Promise<Sender> | undefined
  let delivering: Promise<Sender> | undefined
  return {
    ask() {
      asking ??= import('./delivery/senders/got-sender.ts').then((each) =>
        each.createGotSender(options),
      )
      return asking
    },
    deliver() {
      delivering ??= import('./delivery/senders/undici-sender.ts').then((each) =>
        each.createUndiciSender({
          ...options,
          limits: { ...limits, connections: deliveriesAtOnce },
        }),
      )
      return delivering
    },
    async [Symbol.asyncDispose]() {
      const open = await Promise.all([asking, delivering])
      await Promise.all(open.map((sender) => sender?.[Symbol.asyncDispose]()))
    },
  }
}

/** Clients that send nothing: for a host that is only looked at. */
export function silentSenders(): LazySenders {
  const silence: Reply = {
    kind: 'no-reply',
    error: 'aborted',
    message: 'nothing is sent by an assembly that is only looked at',
    timings: { totalMs: 0 },
  }
  const sender: Sender = { send: async () => silence, [Symbol.asyncDispose]: async () => {} }
  return {
    ask: async () => sender,
    deliver: async () => sender,
    [Symbol.asyncDispose]: async () => {},
  }
}
