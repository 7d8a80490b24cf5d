import {
  CarabinerError,
  type ConfigProblem,
  type InspectInput,
  inspectCallbacks,
  inspectHeader,
  inspectRetry,
  inspectUrl,
  Signer,
  suggestion,
} from 'carabiner'
import type { WorkerConfig } from './config.ts'
import { nameOf } from './worker.ts'

type Input = InspectInput<readonly WorkerConfig[]>

/** Everything wrong with the stanza that its schema cannot say, each with its path. */
export function inspect(input: Input): readonly ConfigProblem[] {
  const perWorker = input.config.flatMap((worker, index) =>
    checks
      .flatMap((check) => check(worker, input))
      .map((problem) => ({ ...problem, path: [index, ...problem.path] })),
  )
  return [...perWorker, ...sameNames(input.config)]
}

const checks: readonly ((worker: WorkerConfig, input: Input) => readonly ConfigProblem[])[] = [
  wrongEvent,
  wrongUrl,
  wrongHeaders,
  wrongRetry,
  wrongSecret,
  wrongTimeout,
  wrongMode,
]

const longestCallbackMs = 30 * 86_400_000

function wrongEvent({ event }: WorkerConfig, { events }: Input): readonly ConfigProblem[] {
  const names = events.map(({ name }) => name)
  if (names.includes(event)) return []
  const message = `unknown event \`${event}\`${suggestion(event, names)}`
  return [{ path: ['event'], message, expected: 'the name of an event of this assembly' }]
}

function wrongUrl({ url }: WorkerConfig, { host }: Input): readonly ConfigProblem[] {
  const problem = inspectUrl(url, host)
  return problem === undefined ? [] : [{ path: ['url'], ...problem }]
}

/** Headers beside those that no endpoint may set: they say what the body is, and which callback is whose. */
const ownHeaders = new Set(['content-type', 'x-awa-signature'])

function wrongHeaders({ headers = {} }: WorkerConfig): readonly ConfigProblem[] {
  const names = Object.keys(headers).map((name) => name.toLowerCase())
  return Object.entries(headers).flatMap(([name, value], index) => {
    const lower = name.toLowerCase()
    const expected = 'a header of your own, such as `x-team`'
    const refuse = (message: string) => [{ path: ['headers', name], message, expected }]
    if (names.indexOf(lower) !== index) return refuse(`\`${name}\` stands twice`)
    if (ownHeaders.has(lower))
      return refuse(`\`${name}\` is set by the host and cannot be replaced`)
    const wrong = inspectHeader(name, value)
    return wrong === undefined
      ? []
      : [{ path: ['headers', name], message: wrong.message, expected: wrong.expected }]
  })
}

function wrongRetry({ retry }: WorkerConfig): readonly ConfigProblem[] {
  const contradictions = inspectRetry(retry).map(({ field, ...problem }) => ({
    ...problem,
    path: ['retry', field],
  }))
  if (typeof retry !== 'object') return contradictions
  const foreign = (['retry_on', 'open_circuit'] as const)
    .filter((field) => retry[field] !== undefined)
    .map((field) => ({
      path: ['retry', field],
      message: `\`${field}\` is for deliveries: a job is posted again after a 5xx, and when there is no answer`,
      expected: `no \`${field}\` here`,
    }))
  return [...contradictions, ...foreign]
}

function wrongSecret({ secret }: WorkerConfig): readonly ConfigProblem[] {
  if (secret === undefined) return []
  try {
    new Signer(['standard'], secret)
    return []
  } catch (error) {
    if (!(error instanceof CarabinerError)) throw error
    return [{ path: ['secret'], message: error.message, expected: 'a secret that signs requests' }]
  }
}

function wrongTimeout({ mode, callback_timeout: ms }: WorkerConfig): readonly ConfigProblem[] {
  if (ms === undefined) return []
  const path = ['callback_timeout']
  if (mode === 'sync') {
    const message = 'a worker with `mode: sync` is given no callback'
    return [{ path, message, expected: '`request_timeout`, or mode: async' }]
  }
  if (ms <= longestCallbackMs) return []
  return [{ path, message: 'a callback waits for at most 30d', expected: '30d or less' }]
}

/** What the host and the event have to have for jobs that are answered later. */
function wrongMode(
  { mode, event: name }: WorkerConfig,
  { events, host }: Input,
): readonly ConfigProblem[] {
  if (mode === 'sync') return []
  const path = mode === undefined ? [] : ['mode']
  const event = events.find((each) => each.name === name)
  return [
    ...inspectCallbacks(host, 'mode: sync').map((problem) => ({ path, ...problem })),
    ...(event === undefined || event.parks ? [] : [{ path: ['event'], ...unparked(name) }]),
  ]
}

function unparked(name: string) {
  const message = `\`${name}\` cannot wait for a callback: whoever dispatches it needs its outcome`
  return { message, expected: 'an event that parks, or mode: sync' }
}

function sameNames(workers: readonly WorkerConfig[]): readonly ConfigProblem[] {
  const names = workers.map(nameOf)
  return names.flatMap((name, index) => {
    const first = names.indexOf(name)
    if (first === index) return []
    const path = workers[index]?.name === undefined ? [index] : [index, 'name']
    const message = `worker ${first + 1} of the list is called \`${name}\` already`
    return [{ path, message, expected: 'a `name` that no other worker here has' }]
  })
}
