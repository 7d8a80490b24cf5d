import type { CallbackAction } from './callback.ts'

/** Where the routes are unless said otherwise. */
export const defaultCallbackPrefix = '/api/callbacks'

/**
 * The URL of one action of a callback.
 *
 * @param base - such as `https://hooks.example.com`; slashes at its end go
 * @param prefix - such as `/api/callbacks` or `callbacks/`; blank when the routes are at the root
 * @example
 * ```ts
 * import { callbackUrl } from 'carabiner/callbacks'
 *
 * const id = '550e8400-e29b-41d4-a716-446655440000'
 * callbackUrl('https://example.com/', '/api/callbacks', id, 'complete')
 * // 'https://example.com/api/callbacks/550e8400-e29b-41d4-a716-446655440000/complete'
 * ```
 */
export function callbackUrl(
  base: string,
  prefix: string,
  id: string,
  action: CallbackAction,
): string {
  return `${withoutSlashes(base.trim())}${callbackPrefix(prefix)}/${id}/${action}`
}

/** A prefix as paths begin with it: blank, or with a slash before it and none after. */
export function callbackPrefix(prefix: string): string {
  const inner = withoutSlashes(prefix.trim()).replace(/^\/+/, '')
  return inner === '' ? '' : `/${inner}`
}

/** An action's path, taken apart as it came: nothing in it is decoded. */
export interface CallbackPath {
  readonly id: string
  readonly action: CallbackAction
}

/** @param path - without query; `undefined` when it is none of the routes below the prefix */
export function parseCallbackPath(prefix: string, path: string): CallbackPath | undefined {
  if (!path.startsWith(`${prefix}/`)) return undefined
  const [id, action, ...rest] = path.slice(prefix.length + 1).split('/')
  if (id === undefined || !isAction(action) || rest.length > 0) return undefined
  return { id, action }
}

/** The path of a request's target, as it came: `/a?b` or `http://host/a?b`. */
export function pathOfTarget(target: string): string {
  const [path = ''] = target.split(/[?#]/, 1)
  return path.replace(/^https?:\/\/[^/]*/i, '')
}

const actions: Readonly<Record<CallbackAction, true>> = {
  complete: true,
  fail: true,
  heartbeat: true,
}

function isAction(text: string | undefined): text is CallbackAction {
  return text !== undefined && Object.hasOwn(actions, text)
}

function withoutSlashes(text: string): string {
  let end = text.length
  while (text[end - 1] === '/') end -= 1
  return text.slice(0, end)
}
