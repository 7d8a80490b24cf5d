import {
  CarabinerError,
  type ConnectorCommand,
  parseDuration,
  textOption,
  usageError,
} from 'carabiner'
import {
  type CallbackReply,
  completeCallback,
  defaultHeartbeatSeconds,
  failCallback,
  heartbeatCallback,
} from 'carabiner/callbacks'
import type { CallbacksConfig } from '../config.ts'
import { type Context, idArgument } from './options.ts'

const callback = [{ syntax: '<id>', description: 'the callback' }]
const by = { flags: '--by <who>', description: 'who says so, for the audit trail (default: cli)' }

/** `carabiner callbacks complete ID` */
export const complete: ConnectorCommand<CallbacksConfig> = {
  name: 'complete',
  description: 'Completes a callback: a decision is allowed, work is done',
  arguments: callback,
  options: [{ flags: '--payload <json>', description: 'JSON, @FILE, or - (default: none)' }, by],
  run: async (context) => answerWith(context, completeCallback, await completionOf(context)),
}

/** `carabiner callbacks fail ID --error TEXT` */
export const fail: ConnectorCommand<CallbacksConfig> = {
  name: 'fail',
  description: 'Lets a callback fail: a decision is refused, work is not done',
  arguments: callback,
  options: [{ flags: '--error <text>', description: 'why' }, by],
  run: async (context) => answerWith(context, failCallback, failureOf(context)),
}

/** `carabiner callbacks heartbeat ID` */
export const heartbeat: ConnectorCommand<CallbacksConfig> = {
  name: 'heartbeat',
  description: 'Lets a callback wait longer',
  arguments: callback,
  options: [{ flags: '--timeout <duration>', description: 'so long from now (default: 1h)' }, by],
  run: async (context) => answerWith(context, heartbeatCallback, heartbeatOf(context)),
}

/** In the words, and under the rules, of the wire. */
async function answerWith(
  context: Context,
  answer: typeof completeCallback,
  body: string,
): Promise<number> {
  const id = idArgument(context)
  const actor = textOption(context, 'by') ?? 'cli'
  await using store = await context.openStore()
  return tell(context, await answer(store, { id, body, actor }))
}

function tell(context: Context, { status, body }: CallbackReply): number {
  if (!('error' in body)) {
    context.print(context.json ? JSON.stringify(body, null, 2) : `${body.id}: ${body.state}`)
    return 0
  }
  if (status !== 404) throw usageError(body.error)
  context.say(body.error)
  return 1
}

/** The payload as it was written: numbers keep their digits. @throws {CarabinerError} USAGE for what is not JSON */
async function completionOf(context: Context): Promise<string> {
  const source = textOption(context, 'payload')
  if (source === undefined) return '{}'
  const text = Buffer.from(await context.read(source)).toString('utf8')
  try {
    JSON.parse(text)
  } catch (error) {
    throw new CarabinerError('USAGE', 'expected JSON for --payload', { cause: error })
  }
  return `{"payload":${text}}`
}

/** @throws {CarabinerError} USAGE without an error */
function failureOf(context: Context): string {
  const error = textOption(context, 'error')
  if (error === undefined) throw usageError('expected --error TEXT: why it fails')
  return JSON.stringify({ error })
}

/** @throws {CarabinerError} USAGE, QUANTITY_INVALID */
function heartbeatOf(context: Context): string {
  const timeout = textOption(context, 'timeout')
  const seconds =
    timeout === undefined
      ? defaultHeartbeatSeconds
      : parseDuration(timeout, { zero: true, bareSeconds: true }) / 1_000
  return JSON.stringify({ timeout_seconds: seconds })
}
