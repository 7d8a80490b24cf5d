import type { Questions } from 'carabiner'
import type { NotTaken } from './posting.ts'

/** What is wrong with an answer that came too late, or not at all. */
export const lateReason = "the event's deadline came before its answer"

/** Tells `/health` what a job that nobody took has shown of its worker. */
export function tellHealth(questions: Questions, posted: NotTaken): void {
  if (posted.kind === 'late') {
    questions.unanswered(lateReason)
    return
  }
  switch (posted.shows) {
    case 'there':
      questions.answered()
      return
    case 'in-trouble':
      questions.unanswered(posted.why)
      return
    case 'unknown':
      return
  }
}
