import type { ConnectorCommand } from 'carabiner'
import type { SubscriptionsConfig } from '../config.ts'
import { add } from './add.ts'
import { events } from './events.ts'
import { list } from './list.ts'
import { publish } from './publish.ts'
import { replay } from './replay.ts'
import { revoke } from './revoke.ts'
import { rotateSecret } from './rotate-secret.ts'
import { test } from './test.ts'

/** `carabiner subscriptions …` */
export const commands: readonly ConnectorCommand<SubscriptionsConfig>[] = [
  list,
  add,
  revoke,
  test,
  rotateSecret,
  publish,
  events,
  replay,
]
