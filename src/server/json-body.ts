import type { FastifyRequest } from 'fastify'
import type { App } from './app.ts'
import { unsupportedMediaType } from './error-answer.ts'
import { invalidRequest, RequestError } from './request-error.ts'

/** Nesting beyond which a body is refused: what walks a value later may do so by recursion. */
const deepestNesting = 256

const bytesKey = 'carabinerBytes'

/** `config` of a route that takes a body of any type, as bytes. */
export const takesAnyBody: { readonly anyBody: true } = { anyBody: true }

/** Makes JSON the only content type, but for routes that take any body; an empty body is no body. */
export function readBodies(app: App): void {
  app.removeAllContentTypeParsers()
  app.decorateRequest(bytesKey, undefined)
  app.addContentTypeParser<Buffer>(
    'application/json',
    { parseAs: 'buffer' },
    async (request: FastifyRequest, bytes: Buffer) => {
      request.setDecorator(bytesKey, bytes)
      if (isForAnyBody(request)) return undefined
      refuseEncoded(request)
      return bytes.length === 0 ? undefined : parseJson(request, bytes)
    },
  )
  app.addContentTypeParser<Buffer>(
    '*',
    { parseAs: 'buffer' },
    async (request: FastifyRequest, bytes: Buffer) => {
      if (!isForAnyBody(request)) throw new RequestError(notJson)
      request.setDecorator(bytesKey, bytes)
    },
  )
}

const noBytes = Buffer.alloc(0)
const notJson = unsupportedMediaType('expected content type application/json')

function isForAnyBody({ routeOptions: { config } }: FastifyRequest): boolean {
  return 'anyBody' in config
}

/** The body exactly as it came; empty without one. */
export function bytesOf(request: FastifyRequest): Uint8Array {
  return request.getDecorator<Buffer | undefined>(bytesKey) ?? noBytes
}

/** @throws {RequestError} 400: not UTF-8, not JSON, too deep, or with keys that are refused */
export async function parseJson(request: FastifyRequest, bytes: Uint8Array): Promise<unknown> {
  const value = await parse(request, decode(bytes))
  refuseDeep(value, bytes.length)
  return value
}

/** Fastify's own parser, which refuses keys that would change an object's prototype once it is copied. */
function parse(request: FastifyRequest, text: string): Promise<unknown> {
  const parser = request.server.getDefaultJsonParser('error', 'error')
  return new Promise((resolve, reject) => {
    // It answers by callback alone; the promise in its type is another parser's.
    void parser(request, text, (error, value) => {
      if (error === null) resolve(value)
      else reject(invalidRequest(whyNotJson(error)))
    })
  })
}

function refuseEncoded({ headers }: FastifyRequest): void {
  const encoding = headers['content-encoding'] ?? 'identity'
  if (encoding === 'identity') return
  throw new RequestError(unsupportedMediaType('expected a body without content encoding'))
}

const strict = new TextDecoder('utf-8', { fatal: true })

function decode(bytes: Uint8Array): string {
  try {
    return strict.decode(bytes)
  } catch (error) {
    throw invalidRequest('the body is not UTF-8', [], { cause: error })
  }
}

/** The parser's message quotes the body; only what it says of forbidden keys is kept. */
function whyNotJson(error: Error): string {
  return error.message.includes('forbidden prototype property')
    ? 'the body has a key `__proto__` or `constructor.prototype`'
    : 'the body is not JSON'
}

/** Walks level by level, without recursion; a body too short to be that deep is not walked at all. */
function refuseDeep(value: unknown, length: number): void {
  if (length < 2 * deepestNesting) return
  let level = [value]
  for (let depth = 0; depth <= deepestNesting; depth++) {
    level = level.flatMap(containersIn)
    if (level.length === 0) return
  }
  throw invalidRequest(`the body is nested deeper than ${deepestNesting}`)
}

function containersIn(value: unknown): unknown[] {
  if (typeof value !== 'object' || value === null) return []
  return Object.values(value).filter((inner) => typeof inner === 'object' && inner !== null)
}
