import { type EndpointDefinition, type RetryPolicy, retryPolicyOf } from 'carabiner'
import { defaults, type WorkerConfig } from './config.ts'

/** A worker with everything its stanza leaves out filled in. */
export interface Worker {
  /** Its place in the stanza. */
  readonly index: number
  /** `<connector id>/<name>`. */
  readonly id: string
  readonly event: string
  readonly mode: 'async' | 'sync'
  readonly requestTimeoutMs: number
  readonly callbackTimeoutMs: number
  readonly retry: RetryPolicy
  readonly endpoint: EndpointDefinition
}

/** Bytes of a result that are read: as many as a callback takes. */
const longestReply = 1_048_576
/** Requests at once to one worker. */
const concurrency = 100

/** The name of a worker: its own, or its event and the host of its URL. */
export function nameOf({ name, event, url }: WorkerConfig): string {
  return name ?? `${event}@${URL.parse(url)?.host ?? url}`
}

/** Resolves a stanza that `inspect` found nothing wrong with. */
export function resolveWorkers(
  connector: string,
  configs: readonly WorkerConfig[],
): readonly Worker[] {
  return configs.map((config, index) => resolveWorker(connector, config, index))
}

function resolveWorker(connector: string, config: WorkerConfig, index: number): Worker {
  const id = `${connector}/${nameOf(config)}`
  const requestTimeoutMs = config.request_timeout ?? defaults.requestTimeoutMs
  const retry = retryPolicyOf(config.retry, defaults.preset)
  return {
    index,
    id,
    event: config.event,
    mode: config.mode ?? defaults.mode,
    requestTimeoutMs,
    callbackTimeoutMs: config.callback_timeout ?? defaults.callbackTimeoutMs,
    retry,
    endpoint: {
      id,
      health: `${connector}.workers`,
      url: config.url,
      headers: lowerCased(config.headers ?? {}),
      secrets: config.secret ?? [],
      signatures: config.secret === undefined ? [] : ['standard'],
      timeoutMs: requestTimeoutMs,
      retry,
      concurrency,
      rate: undefined,
      circuitBreaker: { failureThreshold: 5, recoveryTimeoutMs: 30_000, count5xx: false },
      replyLimit: longestReply,
    },
  }
}

function lowerCased(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]),
  )
}
