import { CarabinerError, type CommandContext } from 'carabiner'
import type { CallbacksConfig } from '../config.ts'

export type Context = CommandContext<CallbacksConfig>

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
  { fallback, least, most }: Readonly<Record<'fallback' | 'least' | 'most', number>>,
): number {
  const text = textOption(context, name) ?? String(fallback)
  const number = Number(text)
  if (/^\d+$/.test(text) && number >= least && number <= most) return number
  throw usage(`expected a whole number from ${least} to ${most} for --${name}, got ${text}`)
}

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

/** The callback that is meant. @throws {CarabinerError} USAGE for what can be no id */
export function idArgument({ args: [id] }: Context): string {
  if (typeof id === 'string' && uuid.test(id)) return id
  throw usage(`expected the UUID of a callback, got ${id}`)
}

export function usage(message: string): CarabinerError {
  return new CarabinerError('USAGE', message)
}
