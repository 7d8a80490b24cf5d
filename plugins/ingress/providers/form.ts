import { parseObject } from './payload.ts'
import type { JsonObject, ProviderRequest } from './provider.ts'

export function isForm(request: Pick<ProviderRequest, 'header'>): boolean {
  return (request.header('content-type') ?? '').toLowerCase().includes('x-www-form-urlencoded')
}

/** The object that GitHub and Slack put into the field `payload` of a form. */
export function payloadField(form: JsonObject): JsonObject | undefined {
  const { payload } = form
  return typeof payload === 'string' ? parseObject(payload) : undefined
}
