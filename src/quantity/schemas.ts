import { type TUnsafe, Type } from 'typebox'
import {
  type DurationText,
  durationPattern,
  longestDuration,
  mostSeconds,
  positiveDurationPattern,
} from './duration.ts'
import { type Rate as RateLimit, ratePattern } from './rate.ts'
import { sizePattern } from './size.ts'

/** The annotation by which the assembly's reader knows a quantity or a secret among a schema's keywords. */
export const quantityKeyword = 'x-carabiner'

interface Described {
  readonly description?: string
  readonly examples?: readonly unknown[]
}

/**
 * A duration in a connector's configuration: `10s`, `1h30m`, or seconds as a number. The connector gets milliseconds.
 *
 * @param options - `zero`: 0 is allowed; `default`: as it would stand in the YAML file (`'10s'`)
 */
export function Duration(
  options: Described & { readonly default?: DurationText; readonly zero?: boolean } = {},
): TUnsafe<number> {
  const { zero = false, ...annotations } = options
  const text = { type: 'string', maxLength: longestDuration }
  return Type.Unsafe<number>({
    ...annotations,
    anyOf: [
      { type: 'number', maximum: mostSeconds, exclusiveMinimum: 0 },
      ...(zero ? [{ const: 0 }] : []),
      { ...text, pattern: zero ? durationPattern : positiveDurationPattern },
    ],
    [quantityKeyword]: 'duration',
  })
}

/** A size in a connector's configuration: `64KiB`, `1MB`, or bytes as a number. The connector gets bytes. */
export function Size(
  options: Described & { readonly default?: number | string } = {},
): TUnsafe<number> {
  return Type.Unsafe<number>({
    ...options,
    anyOf: [
      { type: 'integer', minimum: 1, maximum: Number.MAX_SAFE_INTEGER },
      { type: 'string', pattern: sizePattern },
    ],
    [quantityKeyword]: 'size',
  })
}

/** What a `Rate()` in a schema becomes; `undefined`, written `false`, is no limit. */
export type Rate = RateLimit

/** A rate in a connector's configuration: `50/s`, `120/m`, or `false` for none. The connector gets a `Rate`, or `undefined`. */
export function Rate(
  options: Described & { readonly default?: string | false } = {},
): TUnsafe<Rate | undefined> {
  return Type.Unsafe<Rate | undefined>({
    ...options,
    anyOf: [{ const: false }, { type: 'string', pattern: ratePattern }],
    [quantityKeyword]: 'rate',
  })
}

/** A secret: a text that is masked in everything the host prints or logs. */
export function Secret(options: Described & { readonly minLength?: number } = {}): TUnsafe<string> {
  return Type.Unsafe<string>({ ...secretText, ...options })
}

/** One secret, or a list of them while they are rotated. The connector always gets a list. */
export function SecretList(
  options: Described & { readonly minLength?: number } = {},
): TUnsafe<readonly string[]> {
  const { minLength = 1, ...annotations } = options
  const one = { ...secretText, minLength }
  return Type.Unsafe<readonly string[]>({
    ...annotations,
    anyOf: [one, { type: 'array', items: one, minItems: 1 }],
    [quantityKeyword]: 'secrets',
  })
}

const secretText = { type: 'string', minLength: 1, writeOnly: true, [quantityKeyword]: 'secret' }
