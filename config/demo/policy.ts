/**
 * The approval service of the demonstration, a process of its own: it vetoes by rule.
 *
 * It stands for the service you already have. All it does is verify who asks and answer: 204 lets the event go on; a
 * CancelEventError stops it, with a reason for the person who asked.
 */
import { cancelEvent, receiver } from 'carabiner/receiver'
import { serve } from './serve.ts'

/** The rules, first match decides: how much memory a component may get without a second pair of eyes. */
const rules = [
  { component: /^db/, most: 256 },
  { component: /.*/, most: 1024 },
]

const handle = receiver({
  secret: process.env['POLICY_SECRET'] ?? 'demo-policy-secret',
  before: {
    adjust({ params }) {
      const { component, amount } = params as { component: string; amount: number } // as the event's schema says
      const rule = rules.find((each) => each.component.test(component))
      if (rule === undefined || amount <= rule.most) return undefined
      return cancelEvent(
        `${component} gets at most ${rule.most} MiB without a second pair of eyes`,
        { most: rule.most },
      )
    },
  },
})

serve(handle, Number(process.env['POLICY_PORT'] ?? 8486))
