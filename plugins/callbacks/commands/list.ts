import { type ConnectorCommand, numberOption, textOption, wordOption } from 'carabiner'
import { CallbackBook, type CallbackState } from 'carabiner/callbacks'
import type { CallbacksConfig } from '../config.ts'
import { type CallbackView, callbackView } from '../view.ts'
import type { Context } from './options.ts'

const states: readonly CallbackState[] = ['WaitingExternal', 'Failed', 'Completed']

/** `carabiner callbacks list` */
export const list: ConnectorCommand<CallbacksConfig> = {
  name: 'list',
  description: 'Lists callbacks: those that wait, that failed, that completed; each newest first',
  options: [
    { flags: '--state <state>', description: `only those: ${states.join(', ')}` },
    { flags: '--limit <n>', description: 'at most so many, up to 1000 (default: 100)' },
    { flags: '--cursor <cursor>', description: 'where the page before ended' },
  ],
  run: listCallbacks,
}

async function listCallbacks(context: Context): Promise<number> {
  const state = wordOption(context, 'state', states)
  const limit = numberOption(context, 'limit', { fallback: 100, least: 1, most: 1_000 })
  const cursor = textOption(context, 'cursor')
  await using store = await context.openStore()
  const { rows, nextCursor } = await new CallbackBook(store).list({
    limit,
    ...(state !== undefined && { state }),
    ...(cursor !== undefined && { cursor }),
  })
  const views = rows.map(callbackView)
  context.table(context.json ? views.map((view) => ({ ...view })) : views.map(readable), columns)
  if (nextCursor !== null) context.say(`more: --cursor ${nextCursor}`)
  return 0
}

const columns = ['id', 'state', 'by', 'event', 'created', 'deadline', 'error']

function readable(view: CallbackView): Readonly<Record<string, unknown>> {
  const { id, state, by, waiter, event, createdAt: created, deadline, error } = view
  return { id, state, by: by ?? waiter, event, created, deadline, error }
}
