import { CarabinerError } from '../errors.ts'
import { parseDuration } from '../quantity/duration.ts'
import type { CommandContext } from './command.ts'

type Options = Pick<CommandContext, 'options'>

/**
 * An option with a text; `undefined` without it.
 *
 * @example
 * ```ts
 * import { type ConnectorCommand, numberOption, textOption } from 'carabiner'
 *
 * const list: ConnectorCommand = {
 *   name: 'list',
 *   description: 'Lists notes',
 *   options: [
 *     { flags: '--tag <name>', description: 'only these' },
 *     { flags: '--limit <n>', description: 'how many' },
 *   ],
 *   async run(context) {
 *     const tag = textOption(context, 'tag') ?? 'all'
 *     const limit = numberOption(context, 'limit', { fallback: 100, most: 1_000 })
 *     context.print(`${limit} of ${tag}`)
 *     return 0
 *   },
 * }
 * ```
 */
export function textOption({ options }: Options, name: string): string | undefined {
  const value = options[name]
  return typeof value === 'string' ? value : undefined
}

/** One of a few words; `undefined` without it. @throws {CarabinerError} USAGE for another one */
export function wordOption<Word extends string>(
  context: Options,
  name: string,
  words: readonly Word[],
): Word | undefined {
  const text = textOption(context, name)
  const word = words.find((each) => each === text)
  if (text === undefined || word !== undefined) return word
  throw usageError(`expected --${name} to be one of ${words.join(', ')}, got ${text}`)
}

/** A whole number, from 1 unless `least` says otherwise. @throws {CarabinerError} USAGE when it is none, or out of range */
export function numberOption(
  context: Options,
  name: string,
  {
    fallback,
    least = 1,
    most,
  }: { readonly fallback: number; readonly least?: number; readonly most: number },
): number {
  const text = textOption(context, name) ?? String(fallback)
  const number = Number(text)
  if (/^\d+$/.test(text) && number >= least && number <= most) return number
  throw usageError(`expected a whole number from ${least} to ${most} for --${name}, got ${text}`)
}

/** A point in time, UTC milliseconds; `undefined` without it. @throws {CarabinerError} USAGE */
export function timeOption(
  context: Pick<CommandContext, 'options' | 'time'>,
  name: string,
): number | undefined {
  const text = textOption(context, name)
  return text === undefined ? undefined : context.time(text)
}

/** `--wait`, in milliseconds: 10 s without it. @throws {CarabinerError} USAGE */
export function waitOption(context: Options): number {
  const text = textOption(context, 'wait') ?? '10s'
  try {
    return parseDuration(text, { zero: true, bareSeconds: true })
  } catch (error) {
    if (!(error instanceof CarabinerError)) throw error
    throw usageError(`--wait: ${error.message}`, { cause: error })
  }
}

/** What a command throws when it was called wrongly: the command line ends with 2. */
export function usageError(message: string, options?: ErrorOptions): CarabinerError {
  return new CarabinerError('USAGE', message, options)
}
