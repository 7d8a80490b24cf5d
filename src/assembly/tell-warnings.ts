import type { Logger } from '../bus/handler.ts'
import type { Assembly } from './assembly.ts'

/** Says in the log of a host what will not work as its assembly stands, each with its line. */
export function tellWarnings({ warnings }: Assembly, log: Pick<Logger, 'warn'>): void {
  for (const { file, line, path, message } of warnings) {
    log.warn({ file, line, path }, `in the assembly: ${message}`)
  }
}
