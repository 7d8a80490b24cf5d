import type { KeyObject } from 'node:crypto'
import { CarabinerError } from '../../errors.ts'
import { anyMatches } from './constant-time.ts'
import type {
  PreparedKey,
  SignatureScheme,
  SigningInput,
  Verification,
  VerificationInput,
} from './scheme.ts'
import { firstKey, sharedKey } from './secret.ts'

/** A scheme whose signature is one value in one header, made with one shared secret. */
export interface HeaderSchemeDefinition {
  readonly name: string
  /** In lower case. */
  readonly header: string
  /** What a value looks like, to tell a mutilated header from a wrong secret. */
  readonly shape: RegExp
  /** What it signs, as a message puts it. */
  readonly signs: string
  /** The value for a request; `undefined` when the request lacks what the scheme signs. */
  value(request: SignedParts, key: KeyObject): string | undefined
  /** See {@link SignatureScheme.form}. */
  readonly form?: (body: Uint8Array) => Uint8Array | undefined
  /** Brings a value that came into the form `value` gives. @defaultValue as it came */
  readonly normalize?: (value: string) => string
  /** @defaultValue the secret's UTF-8 bytes */
  readonly prepare?: (secret: string) => PreparedKey
}

type SignedParts = Pick<VerificationInput, 'body' | 'id' | 'url' | 'params'>

export function headerScheme(definition: HeaderSchemeDefinition): SignatureScheme {
  const { name, header, form } = definition
  return {
    name,
    header,
    keys: 'shared',
    timestamped: false,
    ...(form !== undefined && { form }),
    withHeader: (other) => headerScheme({ ...definition, header: other.toLowerCase() }),
    prepare: definition.prepare ?? ((secret) => sharedKey(name, secret)),
    sign: (input, keys) => ({ [header]: sign(definition, input, keys) }),
    verify: (input, keys) => verify(definition, input, keys),
  }
}

function sign(
  { name, signs, value }: HeaderSchemeDefinition,
  input: SigningInput,
  keys: readonly PreparedKey[],
): string {
  const signature = value(input, firstKey(name, keys).key)
  if (signature === undefined) {
    throw new CarabinerError('SIGNATURE_INVALID', `\`${name}\` signs ${signs}: there is none`)
  }
  return signature
}

function verify(
  { header, shape, signs, value, normalize = asItCame }: HeaderSchemeDefinition,
  input: VerificationInput,
  keys: readonly PreparedKey[],
): Verification {
  const given = input.header(header)
  if (given === undefined || given === '') {
    return { kind: 'missing', reason: `missing ${header} header` }
  }
  if (!shape.test(given)) return { kind: 'malformed', reason: `malformed ${header} header` }

  const expected = keys.map(({ key }) => value(input, key))
  const values = expected.filter((each) => each !== undefined)
  if (values.length < expected.length) {
    return { kind: 'malformed', reason: `${header} signs ${signs}: there is none` }
  }
  return anyMatches([normalize(given)], values)
    ? { kind: 'verified' }
    : { kind: 'mismatch', reason: `${header} was not made with this secret over this request` }
}

function asItCame(value: string): string {
  return value
}
