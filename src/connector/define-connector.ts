import type { TObject, TSchema } from 'typebox'
import type { Connector } from './connector.ts'

const connectorName = /^[a-z][a-z0-9_-]{0,63}$/

/**
 * Defines a connector: a module's default export, named in an assembly.
 *
 * Everything in it is inferred from its schemas: `config`, the params and results of its handlers.
 *
 * @throws {TypeError} a name outside `^[a-z][a-z0-9_-]{0,63}$`, or no `setup`
 * @example
 * ```ts
 * import { defineConnector } from 'carabiner'
 * import { Type } from 'typebox'
 *
 * export default defineConnector({
 *   name: 'greeter',
 *   config: Type.Object({ greeting: Type.String({ default: 'hello' }) }),
 *   setup({ config, on, log }) {
 *     on('startup', () => log.info({ greeting: config.greeting }, 'greeted'))
 *   },
 * })
 * ```
 */
export function defineConnector<Config extends TSchema = TObject>(
  definition: Connector<Config>,
): Connector<Config> {
  if (typeof definition.name !== 'string' || !connectorName.test(definition.name)) {
    throw new TypeError(
      `expected a connector name like \`my-connector\` (${connectorName.source}), got ${JSON.stringify(definition.name)}`,
    )
  }
  if (typeof definition.setup !== 'function') {
    throw new TypeError(`connector \`${definition.name}\` has no setup function`)
  }
  connectors.add(definition)
  return Object.freeze(definition)
}

const connectors = new WeakSet<object>()

/** Whether a value was made by {@link defineConnector} of this very copy of the host. */
export function isConnector(value: unknown): value is Connector {
  return typeof value === 'object' && value !== null && connectors.has(value)
}
