import type { ConfigProblem, RetryFields } from 'carabiner'
import type { WebhookConfig } from './config.ts'
import { listOf } from './webhook.ts'

/** Settings of a webhook that have no meaning where it stands. */
export function contradictions(webhook: WebhookConfig): readonly ConfigProblem[] {
  const { isBefore, isAfter, isChannels } = placesOf(webhook)
  return [
    ...(isBefore ? [] : onlyFor('before events', decisionSettings(webhook))),
    ...(isAfter || isChannels
      ? []
      : onlyFor('after events and channels', deliverySettings(webhook))),
    ...(isBefore || isAfter ? [] : onlyFor('events', eventSettings(webhook))),
  ]
}

type Setting = readonly (string | number)[]

interface Places {
  readonly isBefore: boolean
  readonly isAfter: boolean
  readonly isChannels: boolean
}

/** A webhook whose events are all wrong says nothing about its place: that is the problem to report then. */
function placesOf({ events, channels }: WebhookConfig): Places {
  const hooks = listOf(events)
  const isBefore = hooks.some((hook) => hook.startsWith('before:'))
  const isAfter = hooks.some((hook) => hook.startsWith('after:'))
  const isChannels = channels !== undefined
  if (isBefore || isAfter || isChannels) return { isBefore, isAfter, isChannels }
  return { isBefore: true, isAfter: true, isChannels: true }
}

function decisionSettings(webhook: WebhookConfig): readonly Setting[] {
  return present({
    on_failure: webhook.on_failure !== undefined,
    mode: webhook.mode !== undefined,
    side_effects: webhook.side_effects === true,
    decision: webhook.decision !== undefined,
    expires: webhook.expires !== undefined,
  })
}

function deliverySettings(webhook: WebhookConfig): readonly Setting[] {
  const { ordered, rate, response_channel } = webhook
  const settings = present({
    ordered: ordered !== undefined && ordered !== false,
    rate: rate !== undefined,
    response_channel: response_channel !== undefined,
  })
  return [...settings, ...deliveryBackoff(webhook).map((field) => ['backoff', field])]
}

/** Which answers are tried again is the decision's own rule, and nobody waits for a circuit to close. */
function deliveryBackoff({ backoff }: WebhookConfig): readonly (keyof RetryFields)[] {
  if (typeof backoff !== 'object') return []
  const fields = ['retry_on', 'open_circuit'] as const
  return fields.filter((field) => backoff[field] !== undefined)
}

function eventSettings(webhook: WebhookConfig): readonly Setting[] {
  return present({
    when: webhook.when !== undefined,
    content_type: webhook.content_type !== undefined,
  })
}

function present(settings: Readonly<Record<string, boolean>>): readonly Setting[] {
  return Object.keys(settings)
    .filter((key) => settings[key])
    .map((key) => [key])
}

function onlyFor(place: string, settings: readonly Setting[]): readonly ConfigProblem[] {
  return settings.map((path) => ({
    path,
    message: `\`${path.at(-1)}\` is for ${place}, and this webhook has none`,
    expected: `no \`${path.at(-1)}\` here, or ${place}`,
  }))
}
