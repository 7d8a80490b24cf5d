import type { CommandContext } from 'carabiner'
import type { IngressConfig } from '../config.ts'

export type Context = CommandContext<IngressConfig>

/** An argument that has to be there: commander sees to it. */
export function argument({ args }: Context, index: number): string {
  const value = args[index]
  return typeof value === 'string' ? value : ''
}
