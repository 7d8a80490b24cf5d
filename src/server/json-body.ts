import type { FastifyRequest } from 'fastify'
import type { App } from './app.ts'
import { unsupportedMediaType } from './error-answer.ts'
import { invalidRequest, RequestError } from './request-error.ts'

/** Nesting beyond which a body is refused: what walks a value later may do so by recursion. */
const deepestNesting = 256

/** Makes JSON the only content type; an empty body is no body. */
export function readJsonBodies(app: App): void {
  const parse = jsonParser(app)

  app.removeAllContentTypeParsers()
  app.addContentTypeParser<Buffer>(
    'application/json',
    { parseAs: 'buffer' },
    async (request: FastifyRequest, bytes: Buffer) => {
      refuseEncoded(request)
      if (bytes.length === 0) return undefined
      const value = await parse(request, decode(bytes))
      refuseDeep(value, bytes.length)
      return value
    },
  )
}

type Parse = (request: FastifyRequest, text: string) => Promise<unknown>

/** Fastify's own parser, which refuses keys that would change an object's prototype once it is copied. */
function jsonParser(app: App): Parse {
  const parse = app.getDefaultJsonParser('error', 'error')
  return (request, text) =>
    new Promise((resolve, reject) => {
      // It answers by callback alone; the promise in its type is another parser's.
      void parse(request, text, (error, value) => {
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

function decode(bytes: Buffer): string {
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
