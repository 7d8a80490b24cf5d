import { type AnyEvent, type ConfigProblem, type InspectInput, inspectCallbacks } from 'carabiner'
import type { WebhookConfig } from './config.ts'
import { resolveHooks } from './hooks.ts'
import { listOf } from './webhook.ts'

type Input = Pick<InspectInput<unknown>, 'events' | 'host'>

const longestExpiryMs = 30 * 86_400_000

/** What keeps a webhook's decisions from being left to callbacks. */
export function wrongDecision(webhook: WebhookConfig, input: Input): readonly ConfigProblem[] {
  // Without a before event that is the problem, and it is told already.
  if (!listOf(webhook.events).some((hook) => hook.startsWith('before:'))) return []
  if (webhook.decision !== 'callback') return strayExpiry(webhook)
  return [
    ...longExpiry(webhook),
    ...unheardAnswer(webhook),
    ...rehearsedQuestion(webhook),
    ...inspectCallbacks(input.host, 'decision: reply').map((problem) => ({
      path: ['decision'],
      ...problem,
    })),
    ...unparkedEvents(webhook, input.events),
  ]
}

function strayExpiry({ decision, expires }: WebhookConfig): readonly ConfigProblem[] {
  if (expires === undefined) return []
  const message = `\`expires\` is how long a callback may take, and \`decision\` is \`${decision ?? 'reply'}\``
  return [{ path: ['expires'], message, expected: 'decision: callback, or no `expires`' }]
}

function longExpiry({ expires = 0 }: WebhookConfig): readonly ConfigProblem[] {
  if (expires <= longestExpiryMs) return []
  return [
    { path: ['expires'], message: 'a callback waits for at most 30d', expected: '30d or less' },
  ]
}

function unheardAnswer({ mode }: WebhookConfig): readonly ConfigProblem[] {
  if (mode !== 'shadow') return []
  const message = 'under `mode: shadow` the event does not wait, so nobody would hear the answer'
  return [{ path: ['mode'], message, expected: '`warn`, `enforce` or `off`' }]
}

function rehearsedQuestion({ side_effects }: WebhookConfig): readonly ConfigProblem[] {
  if (side_effects !== false) return []
  const message = 'a dry run stores no callback, so it does not ask a webhook that hands one out'
  return [{ path: ['side_effects'], message, expected: 'no `side_effects`, or decision: reply' }]
}

function unparkedEvents(
  { events }: WebhookConfig,
  known: readonly AnyEvent[],
): readonly ConfigProblem[] {
  return listOf(events).flatMap((hook, index) => {
    const unparked = resolveHooks([hook], known).before.filter(({ parks }) => !parks)
    if (unparked.length === 0) return []
    const names = unparked.map(({ name }) => `\`${name}\``).join(', ')
    const path = typeof events === 'string' ? ['events'] : ['events', index]
    const message = `${names} cannot wait for a callback: whoever dispatches it needs its outcome`
    return [{ path, message, expected: 'events that park, or decision: reply' }]
  })
}
