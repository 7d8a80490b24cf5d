import type { ConnectorCommand } from 'carabiner'
import type { IngressConfig } from '../config.ts'
import { serviceOf } from '../service.ts'
import { type EventDetail, eventDetail } from '../views/event-detail.ts'
import { namedEvent } from './named-event.ts'
import type { Context } from './options.ts'

/** `carabiner ingress show ID` */
export const show: ConnectorCommand<IngressConfig> = {
  name: 'show',
  description: 'Shows one event: the request it came with, and what was done to deliver it',
  arguments: [{ syntax: '<id>', description: 'the event' }],
  run: showEvent,
}

async function showEvent(context: Context): Promise<number> {
  await using opened = await context.openScope()
  const service = serviceOf(opened.scope)
  const detail = await eventDetail(service, await namedEvent(context, service))
  if (context.json) context.print(JSON.stringify(detail, null, 2))
  else for (const line of linesOf(detail)) context.print(line)
  return 0
}

function linesOf({
  event,
  webhook,
  deliveryAttempts,
  processingJobs,
}: EventDetail): readonly string[] {
  const { lastError } = event
  return [
    `event ${event.id}: ${event.status}${lastError === null ? '' : `, ${lastError}`}`,
    `  ${event.eventType} of ${event.provider}, ${event.externalEventId ?? 'without an id'}`,
    ...(event.subject === null ? [] : [`  about ${event.subject}`]),
    `  occurred ${event.occurredAt}, received ${event.receivedAt}`,
    `  payload ${event.normalizedPayload?.text ?? 'erased'}`,
    ...(webhook === null
      ? []
      : [
          `webhook from ${webhook.sourceIp}, ${webhook.signatureValid ? 'verified' : 'NOT verified'}`,
          ...Object.entries(webhook.requestHeaders).map(([name, value]) => `  ${name}: ${value}`),
        ]),
    `attempts: ${deliveryAttempts.length}`,
    ...deliveryAttempts.map(
      ({ createdAt, attemptNo, status, httpStatus, durationMs, errorMessage }) =>
        `  ${createdAt} #${attemptNo} ${status} ${httpStatus ?? '-'} ${durationMs} ms ${errorMessage ?? ''}`.trimEnd(),
    ),
    ...processingJobs
      .filter(({ status }) => status === 'queued' || status === 'running')
      .map(
        ({ status, triggeredBy, attemptNo, scheduledAt }) =>
          `${status}: ${triggeredBy} #${attemptNo}, due ${scheduledAt}`,
      ),
  ]
}
