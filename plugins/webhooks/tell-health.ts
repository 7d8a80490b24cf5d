import type { Questions } from 'carabiner'
import type { Asked } from './asking.ts'

/** Tells `/health` what a question has shown of its webhook. A no is an answer. */
export function tellHealth(questions: Questions, { decision }: Asked): void {
  switch (decision.kind) {
    case 'allow':
    case 'cancel':
      questions.answered()
      return
    case 'error':
      // An open circuit is in the check as it is.
      if (decision.isUnsent !== true) questions.unanswered(decision.why)
  }
}
