import { createHash } from 'node:crypto'
import {
  answer,
  type OnceResult,
  type RecordWrite,
  type RouteAnswer,
  RouteError,
  type StoredAnswer,
} from 'carabiner'
import type { ApiCall } from './api-route.ts'
import { refusal, tellRefusal } from './surface.ts'

/** An answer, and what is in it. */
export type AnswerWith<Body> = StoredAnswer & { readonly body: Body }

/** Makes the record that keeps an answer, to be committed with what it tells of; `undefined` when the caller gave no key. */
export type Keep = ((answer: StoredAnswer) => RecordWrite) | undefined

/**
 * Does what a POST asks for: with an `Idempotency-Key` only once, however often it is sent.
 *
 * @throws {RouteError} 400 for a key that cannot be one; 409 while it is being done, or when the key was used for something else
 */
export async function answerOnce(
  call: ApiCall,
  work: (keep: Keep) => Promise<StoredAnswer>,
): Promise<RouteAnswer> {
  const key = keyIn(call)
  if (key === undefined) return toAnswer(await work(undefined))
  const { service, caller, route } = call
  const request = { scope: `${caller.id} ${route}`, key, fingerprint: fingerprintOf(call) }
  const result = await service.scope.once.run(request, (slot) =>
    withRefusals(() => work((given) => slot.record(given))),
  )
  return tellResult(result)
}

/** The same for the same owner, object and bytes. */
export function fingerprintOf({ owner, request }: ApiCall): string {
  return createHash('sha256')
    .update(JSON.stringify([owner, request.params]))
    .update(request.bytes)
    .digest('hex')
}

/** @throws {RouteError} 400 */
export function keyIn({ request }: Pick<ApiCall, 'request'>): string | undefined {
  const key = request.headers['idempotency-key']
  if (key === undefined) return undefined
  if (typeof key === 'string' && /^[\x21-\x7e]{1,255}$/.test(key)) return key
  throw refusal({
    status: 400,
    code: 'invalid_idempotency_key',
    message: 'Idempotency-Key must be 1 to 255 visible characters',
  })
}

/** A 404 or 409 is an answer to be kept like any other. */
async function withRefusals(work: () => Promise<StoredAnswer>): Promise<StoredAnswer> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof RouteError)) throw error
    const { status, body, headers } = tellRefusal(error.refusal)
    return { status, body, headers }
  }
}

function tellResult(result: OnceResult): RouteAnswer {
  switch (result.kind) {
    case 'done':
      return toAnswer(result.answer)
    case 'replayed':
      return toAnswer(result.answer, { 'idempotent-replayed': 'true' })
    case 'conflict':
      throw refusal({
        status: 409,
        code: 'idempotency_conflict',
        message: 'idempotency key reused with different payload',
      })
    case 'running':
      throw refusal({
        status: 409,
        code: 'idempotency_in_progress',
        message: 'the first call with this idempotency key is not over yet',
        headers: { 'retry-after': String(Math.ceil(result.retryAfterMs / 1_000)) },
      })
  }
}

function toAnswer({ status, body, headers }: StoredAnswer, more = {}): RouteAnswer {
  return answer(body, { status, headers: { ...headers, ...more } })
}
