import type { ConnectorCommand } from 'carabiner'
import type { CallbacksConfig } from '../config.ts'
import { complete, fail, heartbeat } from './answers.ts'
import { list } from './list.ts'
import { serve } from './serve.ts'
import { sign } from './sign.ts'

/** `carabiner callbacks …` */
export const commands: readonly ConnectorCommand<CallbacksConfig>[] = [
  list,
  complete,
  fail,
  heartbeat,
  sign,
  serve,
]
