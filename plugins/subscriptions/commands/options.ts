import { CarabinerError, type CommandContext, parseDuration } from 'carabiner'
import type { SubscriptionsConfig } from '../config.ts'
import { isOwner } from '../owner.ts'

export type Context = CommandContext<SubscriptionsConfig>

/** An option with a text; `undefined` without it. */
export function textOption({ options }: Context, name: string): string | undefined {
  const value = options[name]
  return typeof value === 'string' ? value : undefined
}

/** @throws {CarabinerError} USAGE without it */
export function requiredOption(context: Context, name: string): string {
  const value = textOption(context, name)
  if (value !== undefined && value !== '') return value
  throw usage(`expected --${name}`)
}

/** `--owner`, if it was given. @throws {CarabinerError} USAGE for what no owner is called */
export function ownerOption(context: Context): string | undefined {
  const owner = textOption(context, 'owner')
  if (owner === undefined || isOwner(owner)) return owner
  throw usage('--owner: expected 3 to 255 visible characters, such as agent://acme/ops')
}

/** @throws {CarabinerError} USAGE without it */
export function requiredOwner(context: Context): string {
  const owner = ownerOption(context)
  if (owner !== undefined) return owner
  throw usage('expected --owner, such as --owner agent://acme/ops')
}

/** `--limit`. @throws {CarabinerError} USAGE unless it is a whole number above 0 */
export function limitOption(context: Context): number {
  const text = textOption(context, 'limit') ?? '100'
  const limit = Number(text)
  if (Number.isInteger(limit) && limit > 0) return limit
  throw usage(`expected a whole number above 0 for --limit, got ${text}`)
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

/** `--from` and `--to`. @throws {CarabinerError} USAGE when nothing lies between them */
export function rangeOptions(context: Context): {
  readonly from: number | undefined
  readonly to: number | undefined
} {
  const from = timeOption(context, 'from')
  const to = timeOption(context, 'to')
  if (from !== undefined && to !== undefined && from >= to)
    throw usage('expected --to later than --from')
  return { from, to }
}

/** A text that may stand in a file or come from standard input; of a line, its end is not part of it. */
export async function readText(context: Context, source: string): Promise<string> {
  const text = new TextDecoder().decode(await context.read(source))
  return source === '-' || source.startsWith('@') ? text.replace(/\r?\n$/, '') : text
}

/** The first argument. */
export function firstArgument({ args }: Context): string | undefined {
  const [first] = args
  return typeof first === 'string' ? first : undefined
}

export function usage(message: string): CarabinerError {
  return new CarabinerError('USAGE', message)
}
