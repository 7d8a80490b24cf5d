import type { IngressEvent } from '../books/event.ts'
import { inLine } from '../processing/reconcile.ts'
import type { Service } from '../service.ts'
import { type AttemptView, attemptViews } from './attempt-view.ts'
import { type EventView, eventView, type StandingView, standingView } from './event-view.ts'
import { type JobView, jobViews } from './job-view.ts'
import { type WebhookView, webhookView } from './webhook-view.ts'

/** All there is to know of an event. */
export interface EventDetail {
  readonly event: EventView
  /** `null` once its record is gone. */
  readonly webhook: WebhookView | null
  readonly deliveryAttempts: readonly AttemptView[]
  readonly processingJobs: readonly JobView[]
}

/** Attempts and jobs that are shown with an event: the newest. */
const shownAttempts = 100
const shownJobs = 20
const jobsWithStatus = 10

export async function eventDetail(service: Service, event: IngressEvent): Promise<EventDetail> {
  const [current, webhook, deliveryAttempts, processingJobs] = await Promise.all([
    inLine(service, event),
    service.webhooks.find(event.webhookEventId),
    service.attempts.of(event.id, shownAttempts).then((found) => attemptViews(service, found)),
    jobViews(service, event, shownJobs),
  ])
  return {
    event: eventView(service, current),
    webhook: webhook === undefined ? null : webhookView(webhook),
    deliveryAttempts,
    processingJobs,
  }
}

/** How an event stands, and why. */
export interface EventStatusView extends StandingView {
  readonly eventId: string
  readonly jobs: readonly JobView[]
}

export async function eventStatus(service: Service, event: IngressEvent): Promise<EventStatusView> {
  const [current, jobs] = await Promise.all([
    inLine(service, event),
    jobViews(service, event, jobsWithStatus),
  ])
  return { eventId: event.id, ...standingView(service, current), jobs }
}
