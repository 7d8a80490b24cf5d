import type { AnyEvent } from 'carabiner'

/** What every host with this connector can do. */
const own = [
  'webhooks.subscriptions',
  'webhooks.events',
  'webhooks.events.replay',
  'capabilities.get',
]

/** What this host can do: what the connector brings, and the connectors beside it, as far as their ids are long enough. */
export function capabilitiesOf(connectors: readonly string[]): readonly string[] {
  const named = connectors.filter((id) => id.length >= 3 && !own.includes(id))
  return [...own, ...new Set(named)]
}

/** `intent.<event>.v1` for each event of the bus, unless others are configured. */
export function intentTypesOf(
  events: readonly Pick<AnyEvent, 'name'>[],
  configured: readonly string[],
): readonly string[] {
  if (configured.length > 0) return configured
  const intents = events.map(({ name }) => `intent.${name.replaceAll(/[.-]/g, '_')}.v1`)
  return [...new Set(intents)]
}
