import type { IngressEvent } from '../books/event.ts'
import { type Job, jobsOf } from '../books/job.ts'
import type { Service } from '../service.ts'
import { rfc3339, rfc3339OrNull } from './time.ts'

/** A job as the API and the command line show it. */
export interface JobView extends Pick<Job, 'id' | 'queueName' | 'triggeredBy' | 'status'> {
  readonly normalizedEventId: string
  readonly attemptNo: number
  readonly scheduledAt: string
  readonly startedAt: string | null
  readonly completedAt: string | null
  readonly errorMessage: string | null
  readonly createdAt: string
}

/** The newest jobs of an event, newest first. */
export async function jobViews(
  { scope }: Pick<Service, 'scope'>,
  event: Pick<IngressEvent, 'id' | 'status' | 'updatedAt'>,
  limit: number,
): Promise<readonly JobView[]> {
  const jobs = await jobsOf(scope.store, event, limit)
  return jobs.map((job) => jobView(job, scope.redact))
}

function jobView(job: Job, redact: (text: string) => string): JobView {
  const { id, eventId, queueName, triggeredBy, status, attemptNo, errorMessage } = job
  return {
    id,
    normalizedEventId: eventId,
    queueName,
    triggeredBy,
    status,
    attemptNo,
    scheduledAt: rfc3339(job.scheduledAt),
    startedAt: rfc3339OrNull(job.startedAt),
    completedAt: rfc3339OrNull(job.completedAt),
    errorMessage: errorMessage === null ? null : redact(errorMessage),
    createdAt: rfc3339(job.createdAt),
  }
}
