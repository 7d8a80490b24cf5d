import {
  type ConfigProblem,
  type InspectInput,
  inspectRetry,
  inspectUrl,
  type RetryChoice,
} from 'carabiner'
import type { IngressConfig, IntegrationConfig } from './config.ts'
import { inspectProvider } from './providers/inspect.ts'

type Input = InspectInput<IngressConfig>

/** Everything wrong with the stanza that its schema cannot say, each with its path. */
export function inspect({ config, host }: Input): readonly ConfigProblem[] {
  const { integrations = [] } = config
  return [
    ...wrongRetry(config.retry),
    ...integrations.flatMap((integration, index) =>
      [
        ...inspectProvider(integration, host.publicUrl),
        ...wrongUrl(integration, host),
        ...wrongRetry(integration.retry),
        ...sameProvider(integration, integrations.slice(0, index)),
      ].map((problem) => ({ ...problem, path: ['integrations', index, ...problem.path] })),
    ),
  ]
}

function wrongRetry(retry: RetryChoice | undefined): readonly ConfigProblem[] {
  return inspectRetry(retry).map(({ field, message, expected }) => ({
    path: ['retry', field],
    message,
    expected,
  }))
}

function wrongUrl(
  { callback_url: url }: IntegrationConfig,
  host: Input['host'],
): readonly ConfigProblem[] {
  const problem = inspectUrl(url, host)
  return problem === undefined ? [] : [{ path: ['callback_url'], ...problem }]
}

/** A provider posts to one path. */
function sameProvider(
  { provider }: IntegrationConfig,
  before: readonly IntegrationConfig[],
): readonly ConfigProblem[] {
  if (!before.some((other) => other.provider === provider)) return []
  const message = `there is an integration of \`${provider}\` already`
  return [{ path: ['provider'], message, expected: 'one integration of each provider' }]
}
