import type { ConnectorCommand } from 'carabiner'
import type { IngressConfig } from '../config.ts'
import { events } from './events.ts'
import { replay } from './replay.ts'
import { send } from './send.ts'
import { show } from './show.ts'

/** `carabiner ingress …` */
export const commands: readonly ConnectorCommand<IngressConfig>[] = [send, events, show, replay]
