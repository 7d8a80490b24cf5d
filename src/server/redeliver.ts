import type { FastifyRequest } from 'fastify'
import type { Redactor } from '../assembly/redactor.ts'
import type { RedeliverFilter } from '../bus/built-in-events.ts'
import type { Outcome } from '../bus/outcome.ts'
import { hostHandler } from '../delivery/redelivery/redeliver-handler.ts'
import { callerOf } from './caller.ts'
import { answerForCode } from './error-answer.ts'
import type { HostFace } from './host-face.ts'
import { answerForOutcome } from './outcome-answer.ts'
import { RequestError } from './request-error.ts'

/**
 * Asks the host to send settled deliveries again, on behalf of a request: before handlers may veto it.
 *
 * @returns what the host's own handler says it has made
 * @throws {RequestError} 409 for a veto, or why it could not be done
 */
export async function redeliver(
  face: Pick<HostFace, 'redeliver'>,
  filter: RedeliverFilter,
  request: FastifyRequest,
  redactor: Redactor,
): Promise<object> {
  const cause = { actor: callerOf(request), traceId: request.id }
  const outcome = await face.redeliver(filter, cause)
  const made = madeByHost(outcome)
  if (made !== undefined) return made
  throw refusal(outcome, redactor)
}

function madeByHost(outcome: Outcome): object | undefined {
  if (outcome.kind !== 'completed') return undefined
  const result = outcome.results.find(({ connector }) => connector === hostHandler)
  if (result === undefined || !('value' in result)) return undefined
  return typeof result.value === 'object' && result.value !== null ? result.value : undefined
}

/** What the host itself refused is told as such; what connectors did to the event, as its outcome. */
function refusal(outcome: Outcome, redactor: Redactor): Error {
  if (outcome.kind === 'failed') {
    const own = outcome.failures.find(({ connector }) => connector === hostHandler)
    if (own !== undefined) return new RequestError(answerForCode(own.code, own.message))
  }
  const answer = answerForOutcome(outcome, (text) => redactor.text(text))
  if (answer.kind === 'error') return new RequestError(answer.error)
  return new TypeError('`deliveries.redeliver` completed without the handler of the host')
}
