import type { IncomingMessage, ServerResponse } from 'node:http'
import type { CallbackStore } from './callback-book.ts'
import type { CallbackRoutesConfig } from './callback-http.ts'
import { nodeCallbacks } from './node-callbacks.ts'

/** What Express, Connect and their like mount with `app.use`. */
export type CallbackMiddleware = (
  request: IncomingMessage,
  response: ServerResponse,
  next: (error?: unknown) => void,
) => void

/**
 * The three routes for Express, and for Connect.
 *
 * Mount it before whatever parses bodies (`express.json()`): payloads are kept byte for byte, and a body that was parsed is an error, handed to
 * `next`. `app.use('/hooks', …)` puts the routes below `/hooks`.
 *
 * @throws {CarabinerError} SECRET_INVALID for a config without a secret and without `allowUnsigned`, or with both
 * @example
 * ```ts
 * import { openStore } from 'carabiner'
 * import { expressCallbacks } from 'carabiner/callbacks'
 * import express from 'express'
 *
 * const store = await openStore('sqlite:/var/lib/carabiner/carabiner.db')
 * express().use(expressCallbacks(store, { secret })).listen(4000, '127.0.0.1')
 * ```
 */
export function expressCallbacks(
  store: CallbackStore,
  config: CallbackRoutesConfig,
): CallbackMiddleware {
  return nodeCallbacks(store, config)
}
