import { CarabinerError, type CommandContext, parseDuration } from 'carabiner'
import type { IngressConfig } from '../config.ts'

export type Context = CommandContext<IngressConfig>

/** An option with a text; `undefined` without it. */
export function textOption({ options }: Context, name: string): string | undefined {
  const value = options[name]
  return typeof value === 'string' ? value : undefined
}

/** One of a few words. @throws {CarabinerError} USAGE for another one */
export function wordOption<Word extends string>(
  context: Context,
  name: string,
  words: readonly Word[],
): Word | undefined {
  const text = textOption(context, name)
  const word = words.find((each) => each === text)
  if (text === undefined || word !== undefined) return word
  throw usage(`expected --${name} to be one of ${words.join(', ')}, got ${text}`)
}

/** A whole number. @throws {CarabinerError} USAGE when it is none, or out of range */
export function numberOption(
  context: Context,
  name: string,
  { fallback, most }: { readonly fallback: number; readonly most: number },
): number {
  const text = textOption(context, name) ?? String(fallback)
  const number = Number(text)
  if (/^\d+$/.test(text) && number >= 1 && number <= most) return number
  throw usage(`expected a whole number from 1 to ${most} for --${name}, got ${text}`)
}

/** A point in time, UTC milliseconds. @throws {CarabinerError} USAGE */
export function timeOption(context: Context, name: string): number | undefined {
  const text = textOption(context, name)
  return text === undefined ? undefined : context.time(text)
}

/** `--wait`, in milliseconds. @throws {CarabinerError} USAGE */
export function waitOption(context: Context): number {
  const text = textOption(context, 'wait') ?? '10s'
  try {
    return parseDuration(text, { zero: true, bareSeconds: true })
  } catch (error) {
    if (!(error instanceof CarabinerError)) throw error
    throw new CarabinerError('USAGE', `--wait: ${error.message}`, { cause: error })
  }
}

/** An argument that has to be there: commander sees to it. */
export function argument({ args }: Context, index: number): string {
  const value = args[index]
  return typeof value === 'string' ? value : ''
}

export function usage(message: string): CarabinerError {
  return new CarabinerError('USAGE', message)
}
