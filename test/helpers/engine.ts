import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Clock, systemClock } from '../../src/clock.ts'
import type { OutboundMessage } from '../../src/delivery/deliveries.ts'
import type { EndpointDefinition } from '../../src/delivery/endpoint.ts'
import { DeliveryEngine, type DeliveryEngineOptions } from '../../src/delivery/engine.ts'
import { retryPolicies } from '../../src/delivery/retry-policy.ts'
import type { Sender } from '../../src/delivery/sender.ts'
import { newId } from '../../src/ids.ts'
import { openStore } from '../../src/store/open-store.ts'
import { openDatabase } from '../../src/store/sqlite/database.ts'
import { syncedByCommit } from '../../src/store/sqlite/log-file.ts'
import { SqliteStore } from '../../src/store/sqlite/sqlite-store.ts'
import type { DeliveryRow, Store } from '../../src/store/store.ts'

export interface LogLine {
  readonly level: string
  readonly fields: Readonly<Record<string, unknown>>
  readonly message: string | undefined
}

export interface EngineUnderTest extends AsyncDisposable {
  readonly engine: DeliveryEngine
  readonly log: readonly LogLine[]
}

export interface EngineSetup extends Partial<Omit<DeliveryEngineOptions, 'senders' | 'log'>> {
  readonly store: Store
  readonly sender: Sender
  readonly endpoints?: readonly EndpointDefinition[]
  /** @defaultValue it delivers */
  readonly start?: { readonly deliver: boolean } | false
}

/** An engine with a sender of the test's choice; stopped when disposed. The store stays the test's. */
export function startEngine(setup: EngineSetup): EngineUnderTest {
  const { sender, endpoints = [anEndpoint()], start = { deliver: true }, ...options } = setup
  const log: LogLine[] = []
  const write =
    (level: string) =>
    (fields: object, message?: string): void => {
      log.push({ level, fields: { ...fields }, message })
    }
  const engine = new DeliveryEngine({
    clock: systemClock,
    hostId: newId(),
    version: '0.0.0',
    random: () => 0.5,
    ...options,
    log: { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') },
    senders: { ask: async () => sender, deliver: async () => sender },
  })
  for (const definition of endpoints) engine.endpoint(definition)
  if (start !== false) engine.start(start)
  return { engine, log, [Symbol.asyncDispose]: () => engine.stop(0) }
}

export function anEndpoint(fields: Partial<EndpointDefinition> = {}): EndpointDefinition {
  return {
    id: 'webhooks/audit',
    url: 'http://audit.test/hook',
    headers: {},
    secrets: ['s3cr3t'],
    signatures: ['servo', 'standard'],
    timeoutMs: 5_000,
    retry: retryPolicies.standard,
    concurrency: 8,
    rate: undefined,
    circuitBreaker: { failureThreshold: 5, recoveryTimeoutMs: 30_000, count5xx: false },
    replyLimit: 65_536,
    ...fields,
  }
}

export function anOutboundMessage(fields: Partial<OutboundMessage> = {}): OutboundMessage {
  return {
    origin: 'webhook',
    type: 'after:adjust',
    contentType: 'application/json',
    body: Buffer.from('{"a":1}'),
    traceId: newId(),
    depth: 0,
    to: [{ endpoint: 'webhooks/audit' }],
    ...fields,
  }
}

/** A store of its own kind, gone with the test. */
export async function openTestStore(
  kind: 'memory' | 'sqlite',
  clock: Clock = systemClock,
): Promise<{ readonly store: Store; readonly url: string } & AsyncDisposable> {
  const folder = await mkdtemp(join(tmpdir(), 'carabiner-'))
  const url = kind === 'memory' ? 'memory:' : `sqlite:${join(folder, 'store.db')}`
  const store = await openTestUrl(url, clock)
  return {
    store,
    url,
    async [Symbol.asyncDispose]() {
      await store[Symbol.asyncDispose]()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/**
 * Opens a store as `openStore` does.
 *
 * With a clock that is not the computer's, SQLite syncs within the commit: no thread takes time that the test does not own.
 */
export async function openTestUrl(url: string, clock: Clock = systemClock): Promise<Store> {
  if (clock === systemClock || !url.startsWith('sqlite:')) return openStore(url, { clock })
  const path = url.slice('sqlite:'.length)
  return new SqliteStore(await openDatabase(path, clock), path, clock, syncedByCommit)
}

/** Every delivery in the store, oldest first. */
export async function allDeliveries(store: Store): Promise<DeliveryRow[]> {
  const rows: DeliveryRow[] = []
  let cursor: string | null = null
  do {
    const page = await store.deliveries({ limit: 100, ...(cursor === null ? {} : { cursor }) })
    rows.push(...page.rows)
    cursor = page.nextCursor
  } while (cursor !== null)
  return rows.reverse()
}

/**
 * Resolves once `holds` says so, letting everything else run meanwhile. Fails after a minute.
 *
 * What does not come true within a few turns waits for another process or for time: that needs the processor more than we do.
 */
export async function eventually(
  holds: () => boolean | Promise<boolean>,
  what = 'it never came true',
): Promise<void> {
  const giveUpAt = performance.now() + 60_000
  for (let turns = 0; !(await holds()); turns += 1) {
    if (performance.now() > giveUpAt) throw new TypeError(what)
    await (turns < 100 ? new Promise((resolve) => setImmediate(resolve)) : sleep(5))
  }
}

/** Lets everything that is under way and waits for no clock come to its end. */
export async function quiet(turns = 20): Promise<void> {
  for (let turn = 0; turn < turns; turn += 1) {
    await new Promise((resolve) => setImmediate(resolve))
  }
}
