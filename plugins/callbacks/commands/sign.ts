import { type ConnectorCommand, usageError } from 'carabiner'
import { callbackSignatureHeader, callbackUrl, signCallback } from 'carabiner/callbacks'
import type { CallbacksConfig } from '../config.ts'
import { type Context, idArgument } from './options.ts'

/** `carabiner callbacks sign ID` */
export const sign: ConnectorCommand<CallbacksConfig> = {
  name: 'sign',
  description: 'Prints the signature of a callback’s id, and where its answer is posted',
  arguments: [{ syntax: '<id>', description: 'the callback, as it will stand in the path' }],
  run: signId,
}

async function signId(context: Context): Promise<number> {
  const id = idArgument(context)
  const { secret: [secret] = [], path_prefix: prefix } = context.config
  if (secret === undefined)
    throw usageError('answers need no signature here: allow_unsigned is true')
  const signature = signCallback(id, secret)
  const url = callbackUrl(baseOf(context), prefix, id, 'complete')
  if (context.json) context.print(JSON.stringify({ id, signature, url }, null, 2))
  else context.print(`${callbackSignatureHeader}: ${signature}\n${url}`)
  return 0
}

/** Where callbacks are answered, as far as the assembly says it. */
function baseOf({ server }: Context): string {
  const listener = server?.listeners.find(({ serve }) => serve.includes('callbacks'))
  return server?.publicUrl ?? listener?.url ?? ''
}
