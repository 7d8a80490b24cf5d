import { createHash } from 'node:crypto'
import { CarabinerError, type SignatureScheme } from 'carabiner'
import { parseObject } from './payload.ts'
import { schemeNamed } from './scheme.ts'

const form = schemeNamed('twilio')
const hashParameter = 'bodySHA256'

type Verify = SignatureScheme['verify']
type Sign = SignatureScheme['sign']

/**
 * Twilio's requests as they are on the wire. Of a form it signs the URL and the fields; of JSON the URL, which has the hash of the
 * body then. Its signature may be over the URL with the standard port or without, whatever it called.
 */
export const twilioRequest: SignatureScheme = { ...form, verify, sign }

function verify(input: Parameters<Verify>[0], keys: Parameters<Verify>[1]): ReturnType<Verify> {
  const url = input.url ?? ''
  const wantedHash = bodyHashIn(url)
  if (wantedHash === undefined && isJson(input.body)) {
    return {
      kind: 'malformed',
      reason: `a JSON body needs its hash as ${hashParameter} in the URL`,
    }
  }
  if (wantedHash !== undefined && wantedHash !== hashOf(input.body)) {
    return { kind: 'mismatch', reason: `${hashParameter} in the URL is not the hash of this body` }
  }

  const params = wantedHash === undefined ? {} : { params: {} }
  const verdicts = spellings(url).map((spelling) =>
    form.verify({ ...input, ...params, url: spelling }, keys),
  )
  const [first = form.verify(input, keys)] = verdicts
  return verdicts.find(({ kind }) => kind === 'verified') ?? first
}

function sign(input: Parameters<Sign>[0], keys: Parameters<Sign>[1]): ReturnType<Sign> {
  const wantedHash = bodyHashIn(input.url ?? '')
  if (wantedHash !== undefined) return form.sign({ ...input, params: {} }, keys)
  if (!isJson(input.body)) return form.sign(input, keys)
  const parameter = `${hashParameter}=${hashOf(input.body)}`
  const message = `\`twilio\` signs a JSON body by its hash: call the URL with ${parameter}`
  throw new CarabinerError('SIGNATURE_INVALID', message)
}

/** A form that begins like an object would be one whose first name is JSON. */
function isJson(body: Uint8Array): boolean {
  return parseObject(new TextDecoder().decode(body)) !== undefined
}

function hashOf(body: Uint8Array): string {
  return createHash('sha256').update(body).digest('hex')
}

function bodyHashIn(url: string): string | undefined {
  return URL.parse(url)?.searchParams.get(hashParameter) ?? undefined
}

/** The URL without its port, and with the standard port if it has none; the rest as it came, character by character. */
function spellings(url: string): readonly string[] {
  const match = /^(https?:\/\/)((?:\[[^\]]*\]|[^:/?#[\]])*)(:\d+)?(.*)$/is.exec(url)
  if (match === null) return [url]
  const [, scheme = '', host = '', port, rest = ''] = match
  const standardPort = scheme.toLowerCase() === 'https://' ? ':443' : ':80'
  return [`${scheme}${host}${rest}`, `${scheme}${host}${port ?? standardPort}${rest}`]
}
