import type { Circuit } from './circuit-breaker.ts'
import type { EndpointQueue } from './endpoint-queue.ts'
import type { AskedInVain } from './questions.ts'

/** Whether what an endpoint of the assembly stands for can be reached, as far as requests have shown. */
export interface EndpointCheck {
  /** What its definition gives as `health`. */
  readonly name: string
  readonly ok: boolean
  /** For operators: why not, and since when. */
  readonly detail?: string
}

/** Of the endpoints in trouble that have one check in common, those that its detail names. */
const named = 10

/** What `/health` is told of endpoints: from what is known here of all hosts' deliveries, and of this host's questions; nothing is asked. */
export function endpointChecks(
  queues: Iterable<EndpointQueue>,
  now: number,
): readonly EndpointCheck[] {
  const checks = new Map<string, EndpointQueue[]>()
  for (const queue of queues) {
    const { health } = queue.definition
    if (health === undefined) continue
    const others = checks.get(health)
    if (others === undefined) checks.set(health, [queue])
    else others.push(queue)
  }
  return Array.from(checks, ([name, sharing]) => checkOf(name, sharing, now))
}

function checkOf(name: string, sharing: readonly EndpointQueue[], now: number): EndpointCheck {
  const speaker = (queue: EndpointQueue): string => (sharing.length === 1 ? '' : `${queue.id}: `)
  const told = (describe: (queue: EndpointQueue) => string | undefined): string[] =>
    sharing.flatMap((queue) => {
      const what = describe(queue)
      return what === undefined ? [] : [`${speaker(queue)}${what}`]
    })
  const troubles = told(troubleOf)
  if (troubles.length > 0) return { name, ok: false, detail: shorten(troubles) }
  const pauses = told((queue) => pauseOf(queue, now))
  return pauses.length > 0 ? { name, ok: true, detail: shorten(pauses) } : { name, ok: true }
}

/** `undefined`: as far as is known, requests get through. */
function troubleOf(queue: EndpointQueue): string | undefined {
  const { definition, circuit, state, questions } = queue
  const { disabledReason } = state
  // Without a breaker, what an earlier assembly left in the store does not count.
  const isCut = definition.circuitBreaker !== false && circuit.state !== 'closed'
  // Its cause is that of the questions, too.
  if (isCut && disabledReason === null) {
    const missed = questions === undefined ? 'nothing delivered' : 'no answer'
    return withHistory(`circuit ${circuit.state}, ${failuresInARow(circuit)}`, state, missed)
  }
  const troubles = [
    ...(disabledReason === null
      ? []
      : [withHistory(`disabled: ${disabledReason}`, state, 'nothing delivered')]),
    ...(questions?.inVain === undefined ? [] : [toldOf(questions.inVain)]),
  ]
  return troubles.length > 0 ? troubles.join('; ') : undefined
}

/** @param missed - what there was when all was well */
function withHistory(
  what: string,
  { lastErrorAt, lastError, lastSuccessAt }: EndpointQueue['state'],
  missed: 'nothing delivered' | 'no answer',
): string {
  const why = lastErrorAt === null ? [] : [`last error at ${timeOf(lastErrorAt)}: ${lastError}`]
  return [what, `${missed} ${sinceOf(lastSuccessAt)}`, ...why].join('; ')
}

function sinceOf(at: number | null): string {
  return at === null ? 'so far' : `since ${timeOf(at)}`
}

function toldOf({ times, answeredAt, lastAt, why }: AskedInVain): string {
  const what = times === 1 ? 'asked in vain' : `asked in vain ${times} times in a row`
  return `${what}; no answer ${sinceOf(answeredAt)}; last error at ${timeOf(lastAt)}: ${why}`
}

function failuresInARow({ consecutiveFailures }: Pick<Circuit, 'consecutiveFailures'>): string {
  return consecutiveFailures === 1 ? '1 failure' : `${consecutiveFailures} failures in a row`
}

function pauseOf({ state: { pausedUntil } }: EndpointQueue, now: number): string | undefined {
  if (pausedUntil === null || pausedUntil <= now) return undefined
  return `paused until ${timeOf(pausedUntil)}`
}

function shorten(all: readonly string[]): string {
  const more = all.length > named ? [`and ${all.length - named} more`] : []
  return [...all.slice(0, named), ...more].join(' | ')
}

function timeOf(milliseconds: number): string {
  return new Date(milliseconds).toISOString()
}
