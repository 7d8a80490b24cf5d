import { type Connector, defineConnector } from 'carabiner'
import type { TUnsafe } from 'typebox'
import { tellAfter } from './after.ts'
import { askBefore } from './before.ts'
import { postFromChannels, publishReply } from './channels.ts'
import { checks } from './checks.ts'
import { enable } from './commands/enable.ts'
import { list } from './commands/list.ts'
import { pause } from './commands/pause.ts'
import { schema } from './commands/schema.ts'
import { trigger } from './commands/trigger.ts'
import { verify } from './commands/verify.ts'
import { type WebhookConfig, WebhooksConfig } from './config.ts'
import { decisionRecord } from './decision-record.ts'
import { example } from './example.ts'
import { inspect } from './inspect.ts'
import { resolveWebhooks } from './webhook.ts'

/** Asks HTTP endpoints before events happen, and tells them after. */
const webhooks: Connector<TUnsafe<readonly WebhookConfig[]>> = defineConnector({
  name: 'webhooks',
  description: 'Asks HTTP endpoints before events happen, and tells them after',
  config: WebhooksConfig,
  example,
  inspect,
  checks,
  commands: [list, pause, enable, schema, trigger, verify],

  setup(scope) {
    const record = decisionRecord(scope)
    const unfinished = new AsyncDisposableStack()
    for (const webhook of resolveWebhooks(scope.id, scope.config, scope.events)) {
      const { endpoint, responseChannel: channel } = webhook
      const registered = scope.deliveries.endpoint({
        ...endpoint,
        ...(channel !== undefined && {
          onReply: (reply) => publishReply(scope, webhook, channel, reply),
        }),
      })
      unfinished.use(askBefore(scope, webhook, { record, endpoint: registered }))
      tellAfter(scope, webhook)
      postFromChannels(scope, webhook)
    }
    return unfinished
  },
})

export default webhooks
