import { type CommandContext, usageError } from 'carabiner'
import type { CallbacksConfig } from '../config.ts'

export type Context = CommandContext<CallbacksConfig>

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

/** The callback that is meant. @throws {CarabinerError} USAGE for what can be no id */
export function idArgument({ args: [id] }: Context): string {
  if (typeof id === 'string' && uuid.test(id)) return id
  throw usageError(`expected the UUID of a callback, got ${id}`)
}
