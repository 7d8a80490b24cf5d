import type { CallbackDesk, Outcome, ParamsOf, Scope } from 'carabiner'
import { type Callback, callbackUrl, signCallback } from 'carabiner/callbacks'
import { callbacksResolved } from './callbacks-resolved.ts'
import type { CallbacksConfig } from './config.ts'
import { openedBy } from './opened-by.ts'

/** How callbacks are handed out, and who hears of their ends: `callbacks.resolved`. */
export function callbackDesk(scope: Scope<CallbacksConfig>): CallbackDesk {
  const { config, publicUrl } = scope
  const secret = config.secret?.[0]
  return {
    url: (id) => callbackUrl(publicUrl ?? '', config.path_prefix, id, 'complete'),
    sign: (id) => (secret === undefined ? null : signCallback(id, secret)),
    resolved: async (callback) =>
      refusalIn(await scope.dispatch(callbacksResolved, resolvedParams(callback))),
  }
}

function resolvedParams(callback: Callback): ParamsOf<typeof callbacksResolved> {
  const { id, payload, error } = callback
  return {
    id,
    action: actionOf(callback),
    ...(payload !== null && { payload: JSON.parse(Buffer.from(payload).toString('utf8')) }),
    error,
    ...openedBy(callback),
  }
}

function actionOf({ resolvedBy }: Callback): 'complete' | 'fail' | 'expire' {
  switch (resolvedBy) {
    case 'complete':
    case 'fail':
      return resolvedBy
    case 'expiry':
    case null: // The desk hears of what is resolved only.
      return 'expire'
  }
}

/** Why a callback counts as failed: somebody said no, or could not say anything. What fails after that has happened. */
function refusalIn(outcome: Outcome): string | undefined {
  switch (outcome.kind) {
    case 'cancelled':
      return `vetoed by ${outcome.by}: ${outcome.reason}`
    case 'failed': {
      if (outcome.phase !== 'before') return undefined
      const who = outcome.failures.map(({ connector, code }) => `${connector} (${code})`).join(', ')
      return `no decision on the answer: ${who}`
    }
    case 'completed':
    case 'parked': // the event does not park
      return undefined
  }
}
