import { type TUnsafe, Type } from 'typebox'
import { Duration } from '../quantity/schemas.ts'
import { type RetryPolicy, type RetryPresetName, retryPolicies } from './retry-policy.ts'

/** When something is tried again, as an assembly says it: never, the name of a preset, or fields on top of one. */
export type RetryChoice = false | RetryPresetName | RetryFields

/** Fields of a retry policy as an assembly writes them, read: durations are milliseconds. */
export interface RetryFields {
  /** Where the fields left out come from. */
  readonly preset?: RetryPresetName
  readonly max_tries?: number
  readonly max_time?: number
  readonly base?: number
  readonly factor?: number
  readonly max_wait?: number
  readonly jitter?: 'none' | 'full' | number
  readonly schedule?: readonly number[]
  readonly retry_on?: 'all' | 'transient'
  readonly open_circuit?: 'wait' | 'count'
}

/** A field that cannot be what it says, beside what the schema finds. */
export interface RetryProblem {
  readonly field: keyof RetryFields
  readonly message: string
  readonly expected: string
}

/**
 * A retry policy in a connector's configuration: `false` (never), the name of a preset, or `{ preset, max_tries, base, … }`.
 * `retryPolicyOf` makes the policy of it, `inspectRetry` finds what the schema cannot.
 *
 * @example
 * ```ts
 * import { RetrySetting } from 'carabiner'
 * import { Type } from 'typebox'
 *
 * const Config = Type.Object({ retry: Type.Optional(RetrySetting({ default: 'axme' })) })
 * ```
 */
export function RetrySetting(
  options: {
    readonly description?: string
    readonly default?: RetryPresetName
    readonly examples?: readonly unknown[]
  } = {},
): TUnsafe<RetryChoice> {
  return Type.Unsafe<RetryChoice>({
    examples: [{ max_tries: 3, max_time: '5s' }, 'gateway', false],
    ...options,
    anyOf: [{ const: false }, { type: 'string', enum: presets }, Fields],
  })
}

/**
 * The policy that a setting describes; what it leaves out comes from its preset, else from `fallback`.
 *
 * Who names a base or a factor wants powers, even from a preset that has a schedule.
 */
export function retryPolicyOf(
  setting: RetryChoice | undefined,
  fallback: RetryPresetName,
): RetryPolicy {
  if (setting === undefined) return retryPolicies[fallback]
  if (setting === false) {
    return { ...retryPolicies[fallback], maxTries: 1, maxTimeMs: Number.POSITIVE_INFINITY }
  }
  if (typeof setting === 'string') return retryPolicies[setting]

  const preset = setting.preset ?? fallback
  const start = retryPolicies[preset]
  return {
    ...start,
    ...waitsOf(setting, start, preset),
    maxTries:
      setting.max_tries ?? (setting.schedule ? setting.schedule.length + 1 : start.maxTries),
    maxTimeMs: setting.max_time ?? start.maxTimeMs,
    maxWaitMs: setting.max_wait ?? start.maxWaitMs,
    jitter: setting.jitter ?? start.jitter,
    retryOn: setting.retry_on ?? start.retryOn,
    openCircuit: setting.open_circuit ?? start.openCircuit,
  }
}

/** What a schema cannot say of a setting: fields that contradict each other. */
export function inspectRetry(setting: RetryChoice | undefined): readonly RetryProblem[] {
  if (typeof setting !== 'object' || setting.schedule === undefined) return []
  const { base, factor, max_tries: tries, schedule } = setting
  if (base !== undefined || factor !== undefined) {
    const message = '`schedule` and `base` or `factor` say different things'
    return [{ field: 'schedule', message, expected: 'either a schedule, or base and factor' }]
  }
  if (tries !== undefined && tries > schedule.length + 1) {
    const message = `${tries} tries have ${tries - 1} waits between them, \`schedule\` has ${schedule.length}`
    return [{ field: 'max_tries', message, expected: `at most ${schedule.length + 1}` }]
  }
  return []
}

function waitsOf(
  { schedule, base, factor }: RetryFields,
  start: RetryPolicy,
  preset: RetryPresetName,
): Pick<RetryPolicy, 'scheduleMs' | 'baseMs' | 'factor'> {
  const powers = base !== undefined || factor !== undefined
  // Under `gateway` the wait before try n is base · factor^(n − 1): the second request has one factor already.
  const first = preset === 'gateway' ? (factor ?? start.factor) : 1
  return {
    scheduleMs: schedule ?? (powers ? undefined : start.scheduleMs),
    baseMs: base === undefined ? start.baseMs : base * first,
    factor: factor ?? start.factor,
  }
}

const presets = Object.keys(retryPolicies)

const Fields = Type.Object(
  {
    preset: Type.Optional(
      Type.Unsafe<RetryPresetName>({
        description: 'Where the fields left out come from',
        examples: ['gateway'],
        type: 'string',
        enum: presets,
      }),
    ),
    max_tries: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 1_000,
        description: 'Requests in all, the first one included',
        examples: [3],
      }),
    ),
    max_time: Type.Optional(
      Duration({ description: 'From acceptance; nothing is tried after it', examples: ['5s'] }),
    ),
    base: Type.Optional(
      Duration({
        description: 'Before the second request; under `gateway` times the factor',
        examples: ['1s'],
      }),
    ),
    factor: Type.Optional(
      Type.Number({
        minimum: 1,
        maximum: 100,
        description: 'By which each wait is longer than the one before',
        examples: [2],
      }),
    ),
    max_wait: Type.Optional(Duration({ description: 'The longest wait', examples: ['5m'] })),
    jitter: Type.Optional(
      Type.Unsafe<'none' | 'full' | number>({
        description: 'none, full (anything from 0 to the wait), or a share: 0.2 is ± 20 %',
        examples: ['full', 0.2],
        anyOf: [
          { type: 'string', enum: ['none', 'full'] },
          { type: 'number', minimum: 0, maximum: 1 },
        ],
      }),
    ),
    schedule: Type.Optional(
      Type.Array(Duration(), {
        minItems: 1,
        maxItems: 100,
        description: 'The waits, one for each retry, instead of base and factor',
        examples: [['30s', '2m', '10m']],
      }),
    ),
    retry_on: Type.Optional(
      Type.Unsafe<'all' | 'transient'>({
        description:
          'Which answers to a delivery are tried again: all but 2xx and 410, or 408 425 429 5xx',
        examples: ['transient'],
        type: 'string',
        enum: ['all', 'transient'],
      }),
    ),
    open_circuit: Type.Optional(
      Type.Unsafe<'wait' | 'count'>({
        description: 'Whether an open circuit uses up a try of a delivery',
        examples: ['wait'],
        type: 'string',
        enum: ['wait', 'count'],
      }),
    ),
  },
  { additionalProperties: false, title: 'retry policy' },
)
