import { callbackPrefix } from 'carabiner/callbacks'

const plain = /^(?:\/[\w~-][\w.~-]*)*$/

/** Why no request would reach routes below a prefix; `undefined` when one can. */
export function pathPrefixProblem(given: string): string | undefined {
  const prefix = callbackPrefix(given)
  return plain.test(prefix) ? undefined : `\`${prefix}\` is not a path of plain segments`
}
