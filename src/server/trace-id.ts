import { newId } from '../ids.ts'

/** Header that carries the trace id, both ways. */
export const traceIdHeader = 'x-trace-id'

const acceptable = /^[\x21-\x7e]{1,128}$/

/** The caller's trace id when it is one, else a new one. */
export function traceIdOf(header: string | string[] | undefined): string {
  return typeof header === 'string' && acceptable.test(header) ? header : newId()
}
