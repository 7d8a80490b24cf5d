import { MIMEType } from 'node:util'
import type { FastifyRequest } from 'fastify'
import { type EqualNames, type JsonReading, readJson } from '../json/read-json.ts'
import type { App } from './app.ts'
import { unsupportedMediaType } from './error-answer.ts'
import { mismatching, RequestError } from './request-error.ts'

const bodyKey = 'carabinerBody'

/** A body as it came. */
interface ReceivedBody {
  readonly bytes: Buffer
  readonly isJson: boolean
}

/** `config` of a route that takes a body of any type, as bytes. */
export const takesAnyBody: { readonly anyBody: true } = { anyBody: true }

/** `config` of a route whose bodies have no member twice. */
export const takesNamesOnce: { readonly namesOnce: true } = { namesOnce: true }

/** Makes JSON the only content type, but for routes that take any body; an empty body is no body. */
export function readBodies(app: App): void {
  app.removeAllContentTypeParsers()
  app.decorateRequest(bodyKey, undefined)
  for (const type of ['application/json', '*']) {
    const isJson = type !== '*'
    app.addContentTypeParser<Buffer>(
      type,
      { parseAs: 'buffer' },
      (request: FastifyRequest, bytes: Buffer, done) => {
        request.setDecorator<ReceivedBody>(bodyKey, { bytes, isJson })
        done(null)
      },
    )
  }
  app.addHook('onRequest', (request, _reply, done) => {
    if (takesAny(request)) forgetType(request)
    done()
  })
  // Not in the parsers: what they throw costs the connection.
  app.addHook('preValidation', (request, _reply, done) => {
    if (!takesAny(request)) readBody(request)
    done()
  })
}

function takesAny({ routeOptions }: FastifyRequest): boolean {
  return 'anyBody' in routeOptions.config
}

/** Fastify refuses a type that is written in no form it knows; who takes any type takes that, too. Routes are given the headers as they came. */
function forgetType(request: FastifyRequest): void {
  const type = request.headers['content-type']
  if (type === undefined || type === 'application/json') return
  request.headers = { 'content-type': undefined } // laid over those that came
}

/** @throws {RequestError} 400, 415 */
function readBody(request: FastifyRequest): void {
  const body = request.getDecorator<ReceivedBody | undefined>(bodyKey)
  if (body === undefined || body.bytes.length === 0) return
  if (!body.isJson) throw new RequestError(notJson)
  refuseEncoded(request)
  refuseOtherCharset(request)
  const equalNames = 'namesOnce' in request.routeOptions.config ? 'once' : 'last'
  request.body = parseJson(body.bytes, equalNames)
}

const noBytes = Buffer.alloc(0)
const notJson = unsupportedMediaType('expected content type application/json')

/** The body exactly as it came; empty without one. */
export function bytesOf(request: FastifyRequest): Uint8Array {
  return request.getDecorator<ReceivedBody | undefined>(bodyKey)?.bytes ?? noBytes
}

/** @throws {RequestError} 400: not UTF-8, not JSON, too deep, or with something in it that is refused */
export function parseJson(bytes: Uint8Array, equalNames: EqualNames): unknown {
  const reading = readJson(bytes, equalNames)
  if (reading.kind === 'refused') throw notReadable(reading)
  return reading.value
}

function notReadable({ pointer, message }: Extract<JsonReading, { kind: 'refused' }>): Error {
  return mismatching([{ part: 'body', pointer, message, keyword: 'json' }])
}

function refuseEncoded({ headers }: FastifyRequest): void {
  const encoding = headers['content-encoding'] ?? 'identity'
  if (encoding === 'identity') return
  throw new RequestError(unsupportedMediaType('expected a body without content encoding'))
}

/** ASCII is UTF-8. A text in any other would be read as one that nobody wrote. */
const charsets: ReadonlySet<string> = new Set(['utf-8', 'utf8', 'us-ascii', 'ascii'])

function refuseOtherCharset({ headers: { 'content-type': type = '' } }: FastifyRequest): void {
  const parameters = type.indexOf(';')
  if (parameters === -1) return
  // The type itself was read before, by somebody less strict.
  const charset = new MIMEType(`a/b${type.slice(parameters)}`).params.get('charset')
  if (charset === null || charsets.has(charset.toLowerCase())) return
  throw new RequestError(unsupportedMediaType('expected JSON in UTF-8, not in another charset'))
}
