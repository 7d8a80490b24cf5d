import { parseRetryAfter } from '../delivery/retry-after.ts'
import { type ApiError, errorFor, type ValidationDetail } from './errors.ts'

/** Reads an answer that is no success, whichever of the server's forms it has. */
export async function readError(response: Response, now: number): Promise<ApiError> {
  const { status, headers } = response
  const body = bodyOf(await response.text())
  const error = isObject(body['error']) ? body['error'] : {}
  const errors = Array.isArray(body['detail']) ? body['detail'].filter(isDetail) : []
  const facts = {
    status,
    code: textOf(error['code']) ?? `http_${status}`,
    message:
      textOf(error['message']) ?? textOf(body['detail']) ?? inWords(errors) ?? `HTTP ${status}`,
    details: isObject(error['details']) ? error['details'] : {},
    retryAfterMs: parseRetryAfter([...headers], now),
    traceId: headers.get('x-trace-id') ?? undefined,
  }
  return errorFor(facts, errors)
}

function bodyOf(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value) ? value : {}
  } catch {
    return {} // a proxy's page, say: the status has to do
  }
}

function inWords(errors: readonly ValidationDetail[]): string | undefined {
  if (errors.length === 0) return undefined
  return errors.map(({ loc, msg }) => `${loc.join('.')}: ${msg}`).join('; ')
}

function isDetail(value: unknown): value is ValidationDetail {
  return (
    isObject(value) &&
    Array.isArray(value['loc']) &&
    typeof value['msg'] === 'string' &&
    typeof value['type'] === 'string'
  )
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
