import { Duration } from 'carabiner'
import { Type } from 'typebox'
import { closed, oneOf } from './schema-makers.ts'

const presets = ['servo', 'pyfly', 'axme', 'gateway', 'awa', 'standard'] as const

const Jitter = Type.Unsafe<'none' | 'full' | number>({
  description: 'none, full (anything from 0 to the wait), or a share: 0.2 is ± 20 %',
  examples: ['full', 0.2],
  anyOf: [
    { type: 'string', enum: ['none', 'full'] },
    { type: 'number', minimum: 0, maximum: 1 },
  ],
})

const RetryPolicy = Type.Object(
  {
    preset: Type.Optional(
      oneOf(presets, {
        description:
          'Where the fields left out come from. Default: servo (before), standard (after)',
        examples: ['gateway'],
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
    base: Type.Optional(Duration({ description: 'Before the second request', examples: ['1s'] })),
    factor: Type.Optional(
      Type.Number({
        minimum: 1,
        maximum: 100,
        description: 'By which each wait is longer than the one before',
        examples: [2],
      }),
    ),
    max_wait: Type.Optional(Duration({ description: 'The longest wait', examples: ['5m'] })),
    jitter: Type.Optional(Jitter),
    schedule: Type.Optional(
      Type.Array(Duration(), {
        minItems: 1,
        maxItems: 100,
        description: 'The waits, one for each retry, instead of base and factor',
        examples: [['30s', '2m', '10m']],
      }),
    ),
    retry_on: Type.Optional(
      oneOf(['all', 'transient'], {
        description:
          'after: which answers are tried again: all but 2xx and 410, or 408 425 429 5xx',
        examples: ['transient'],
      }),
    ),
    open_circuit: Type.Optional(
      oneOf(['wait', 'count'], {
        description: 'after: whether an open circuit uses up a try',
        examples: ['wait'],
      }),
    ),
  },
  { ...closed, title: 'retry policy' },
)

/** `backoff:` after loading: durations are milliseconds. */
export type Backoff = false | PresetName | BackoffFields

export type PresetName = (typeof presets)[number]

/** A retry policy as an assembly writes it, on top of a preset. */
export interface BackoffFields {
  readonly preset?: PresetName
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

export const BackoffSetting = Type.Unsafe<Backoff>({
  description:
    'When a request is tried again: false (never), the name of a retry policy, or a policy. Default: servo (before), standard (after and channels)',
  examples: [{ max_tries: 3, max_time: '5s' }, 'gateway', false],
  anyOf: [{ const: false }, { type: 'string', enum: [...presets] }, RetryPolicy],
})
