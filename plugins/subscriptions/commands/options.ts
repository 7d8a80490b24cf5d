import { type CommandContext, textOption, timeOption, usageError } from 'carabiner'
import type { SubscriptionsConfig } from '../config.ts'
import { isOwner } from '../owner.ts'

export type Context = CommandContext<SubscriptionsConfig>

/** @throws {CarabinerError} USAGE without it */
export function requiredOption(context: Context, name: string): string {
  const value = textOption(context, name)
  if (value !== undefined && value !== '') return value
  throw usageError(`expected --${name}`)
}

/** `--owner`, if it was given. @throws {CarabinerError} USAGE for what no owner is called */
export function ownerOption(context: Context): string | undefined {
  const owner = textOption(context, 'owner')
  if (owner === undefined || isOwner(owner)) return owner
  throw usageError('--owner: expected 3 to 255 visible characters, such as agent://acme/ops')
}

/** @throws {CarabinerError} USAGE without it */
export function requiredOwner(context: Context): string {
  const owner = ownerOption(context)
  if (owner !== undefined) return owner
  throw usageError('expected --owner, such as --owner agent://acme/ops')
}

/** `--limit`, in digits. @throws {CarabinerError} USAGE unless it is a whole number above 0 */
export function limitOption(context: Context): number {
  const text = textOption(context, 'limit') ?? '100'
  const limit = Number(text)
  if (/^[1-9]\d*$/.test(text) && Number.isSafeInteger(limit)) return limit
  throw usageError(`expected a whole number above 0 for --limit, got ${text}`)
}

/** `--from` and `--to`. @throws {CarabinerError} USAGE when nothing lies between them */
export function rangeOptions(context: Context): {
  readonly from: number | undefined
  readonly to: number | undefined
} {
  const from = timeOption(context, 'from')
  const to = timeOption(context, 'to')
  if (from !== undefined && to !== undefined && from >= to)
    throw usageError('expected --to later than --from')
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
