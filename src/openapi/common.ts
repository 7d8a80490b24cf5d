const id = { type: 'string', pattern: '^[!-~]{1,128}$' }
const traceId = 'Carried into events, deliveries and logs; a new one unless the caller sends one'
const requestId = 'This request’s own; a new one unless the caller sends one'

/** Headers that every request may have. */
export const commonParameters: Readonly<Record<string, object>> = {
  TraceId: { name: 'X-Trace-Id', in: 'header', description: traceId, schema: id },
  RequestId: { name: 'X-Request-Id', in: 'header', description: requestId, schema: id },
}

/** Headers that every answer has. */
export const commonHeaders: Readonly<Record<string, object>> = {
  'X-Trace-Id': { description: traceId, required: true, schema: id },
  'X-Request-Id': { description: requestId, required: true, schema: id },
}

/** An entry of `components`. */
export interface Reference {
  readonly $ref: string
}

export const commonParameterReferences: readonly Reference[] = Object.keys(commonParameters).map(
  (name) => ({ $ref: `#/components/parameters/${name}` }),
)

export const commonHeaderReferences: Readonly<Record<string, Reference>> = Object.fromEntries(
  Object.keys(commonHeaders).map((name) => [name, { $ref: `#/components/headers/${name}` }]),
)
