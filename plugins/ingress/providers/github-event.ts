import type { JsonObject } from './provider.ts'

/** Members by which a payload gives its event away: those with more of them first. */
const signs: readonly (readonly [event: string, members: readonly string[]])[] = [
  ['pull_request_review', ['pull_request', 'review']],
  ['pull_request_review_comment', ['pull_request', 'comment']],
  ['issue_comment', ['issue', 'comment']],
  ['discussion_comment', ['discussion', 'comment']],
  ['deployment_status', ['deployment', 'deployment_status']],
  ['push', ['ref', 'pusher', 'commits']],
  ['ping', ['zen']],
  ['pull_request', ['pull_request']],
  ['issues', ['issue']],
  ['discussion', ['discussion']],
  ['release', ['release']],
  ['workflow_job', ['workflow_job']],
  ['workflow_run', ['workflow_run']],
  ['check_run', ['check_run']],
  ['check_suite', ['check_suite']],
  ['deployment', ['deployment']],
  ['fork', ['forkee']],
  ['star', ['starred_at']],
]

/** The event that a payload of GitHub probably is of: GitHub itself names it in a header alone. */
export function guessEvent(payload: JsonObject): string | undefined {
  return signs.find(([, members]) => members.every((name) => name in payload))?.[0]
}
