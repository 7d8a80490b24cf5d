import { RouteError, type RouteRequest } from 'carabiner'
import type { BodyForm, JsonObject, Misfit } from '../providers/provider.ts'
import { encodedBody, noForm, noObject, wrongType } from './refusals.ts'

const typeOfForm: Readonly<Record<BodyForm, string>> = {
  json: 'application/json',
  form: 'application/x-www-form-urlencoded',
}

/** Which of the forms that a provider sends a request has. @throws {RouteError} 415 */
export function formOf(
  { headers }: Pick<RouteRequest, 'headers'>,
  forms: readonly BodyForm[],
): BodyForm {
  // Node never joins this one: the first counts.
  const { 'content-type': named } = headers
  const given = typeof named === 'string' ? named : undefined
  const form = given === undefined ? undefined : formNamed(given)
  if (form === undefined || !forms.includes(form)) {
    throw wrongType(
      forms.map((each) => typeOfForm[each]),
      given,
    )
  }
  const encoding = headers['content-encoding']
  if (encoding !== undefined && encoding !== 'identity') throw encodedBody()
  return form
}

/** The body as an object. Of a form: texts, and lists of texts for what stands in it more than once. @throws {RouteError} 400 */
export async function readBody(request: RouteRequest, form: BodyForm): Promise<JsonObject> {
  switch (form) {
    case 'json':
      return readObject(request)
    case 'form':
      return readForm(request.bytes)
  }
}

/** The object that a stored body was read as. */
export function readStored(
  bytes: Uint8Array,
  { 'content-type': contentType = '' }: Readonly<Record<string, string>>,
): JsonObject {
  // It was read once: of JSON it is an object.
  return formNamed(contentType) === 'form' ? readForm(bytes) : JSON.parse(utf8.decode(bytes))
}

function formNamed(contentType: string): BodyForm | undefined {
  const end = contentType.indexOf(';')
  const name = (end === -1 ? contentType : contentType.slice(0, end)).trim().toLowerCase()
  if (name === typeOfForm.json || /^application\/[\w.!#$&^-]+\+json$/.test(name)) return 'json'
  return name === typeOfForm.form ? 'form' : undefined
}

async function readObject(request: RouteRequest): Promise<JsonObject> {
  let value: unknown
  try {
    value = await request.json()
  } catch (error) {
    if (!(error instanceof RouteError)) throw error
    throw noObject(misfitsIn(error))
  }
  if (isObject(value)) return value
  throw noObject([{ pointer: '', message: 'is no object' }])
}

function misfitsIn({ refusal: { mismatches = [] } }: RouteError): readonly Misfit[] {
  return mismatches.map(({ pointer, message }) => ({ pointer, message }))
}

/** What was read from JSON, and is an object, is one of JSON. */
function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

const utf8 = new TextDecoder('utf-8', { fatal: true })

function readForm(bytes: Uint8Array): JsonObject {
  const fields = new Map<string, string | string[]>()
  for (const [name, value] of new URLSearchParams(textOf(bytes))) {
    const known = fields.get(name)
    if (known === undefined) fields.set(name, value)
    else if (typeof known === 'string') fields.set(name, [known, value])
    else known.push(value)
  }
  // `__proto__` becomes a member like any other.
  return Object.fromEntries(fields)
}

function textOf(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes)
  } catch {
    throw noForm() // It throws for nothing else.
  }
}
