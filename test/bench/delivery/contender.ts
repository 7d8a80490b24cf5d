/** A way of bringing messages to a receiver: ours, or one that people use today. Each runs in a process of its own. */
export interface Contender {
  /** Opens the store at `url` and stores `count` messages that wait: nothing is sent yet. */
  prepare(url: string, count: number): Promise<void>
  /** Begins to send what waits, and what is stored from now on. */
  start(): Promise<void>
  /** Stores messages with these bodies. Resolves when they are as durable as they get here. */
  store(bodies: readonly string[]): Promise<void>
  /** Lets what is being sent settle, ends sending and closes the store. */
  stop(): Promise<void>
}

/** Where a contender keeps what it owes. */
export type StoreKind = 'none' | 'memory' | 'sqlite' | 'postgres' | 'redis'

/** All contenders: what each is called on the page, and what it keeps its messages in. */
export const contenders = {
  bare: { title: 'bare undici + HMAC loop', store: 'none' },
  memory: { title: 'ours, memory', store: 'memory' },
  sqlite: { title: 'ours, SQLite', store: 'sqlite' },
  postgres: { title: 'ours, PostgreSQL', store: 'postgres' },
  graphile: { title: 'graphile-worker', store: 'postgres' },
  boss: { title: 'pg-boss', store: 'postgres' },
  bull: { title: 'BullMQ', store: 'redis' },
} as const satisfies Readonly<Record<string, { title: string; store: StoreKind }>>

export type ContenderName = keyof typeof contenders

export function isContenderName(text: string | undefined): text is ContenderName {
  return text !== undefined && Object.hasOwn(contenders, text)
}

/** The endpoint that everything of ours is for. */
export const endpointId = 'webhooks/bench'

/** Connections to the receiver, for everybody. */
export const connections = 64

/** Calls `store` with batches of fresh bodies until `count` are stored. */
export async function storeAll(
  count: number,
  makeBody: () => string,
  store: (bodies: readonly string[]) => Promise<void>,
): Promise<void> {
  for (let done = 0; done < count; done += batchSize) {
    const length = Math.min(batchSize, count - done)
    await store(Array.from({ length }, makeBody))
  }
}

const batchSize = 1_000
