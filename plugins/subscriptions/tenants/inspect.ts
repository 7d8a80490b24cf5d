import { type ConfigProblem, type InspectInput, inspectHeader, inspectUrl } from 'carabiner'
import type { TenantConfig, TenantSubscription, TenantsConfig } from './config.ts'
import { endpointId } from './receiver.ts'

type Host = InspectInput<unknown>['host']

/** What a schema cannot say of `tenants`: names and receivers that stand there twice, URLs and headers that cannot be sent. */
export function inspectTenants(tenants: TenantsConfig, host: Host): readonly ConfigProblem[] {
  return Object.entries(tenants).flatMap(([tenant, configs]) => [
    ...repeated(configs.map(({ name }) => name)).map((index) => ({
      path: ['tenants', tenant, index, 'name'],
      message: `tenant \`${tenant}\` has two configurations \`${configs[index]?.name}\``,
      expected: 'another name',
    })),
    ...configs.flatMap((config, index) =>
      inspectConfig(tenant, config, host, ['tenants', tenant, index]),
    ),
  ])
}

function inspectConfig(
  tenant: string,
  { name, subscriptions }: TenantConfig,
  host: Host,
  path: ConfigProblem['path'],
): ConfigProblem[] {
  const ids = subscriptions.map((each) => endpointId(tenant, name, each))
  return [
    ...repeated(ids).map((index) => ({
      path: [...path, 'subscriptions', index],
      message: 'the same event type and URL stand here twice: it would be told everything once',
      expected: 'each event type and URL once',
    })),
    ...subscriptions.flatMap((each, index) =>
      inspectSubscription(each, host, [...path, 'subscriptions', index]),
    ),
  ]
}

function inspectSubscription(
  { target_url: target, headers }: TenantSubscription,
  host: Host,
  path: ConfigProblem['path'],
): ConfigProblem[] {
  const problems: ConfigProblem[] = []
  const url = URL.parse(target)
  const refused = inspectUrl(target, host)
  if (refused?.severity === 'warning') {
    problems.push({ path: [...path, 'target_url'], ...refused })
  }
  if (url !== null && (url.username !== '' || url.password !== '')) {
    problems.push({
      path: [...path, 'target_url'],
      message: 'the URL has credentials in it, which would stand in listings',
      expected: 'a URL without credentials; send them in `headers`',
    })
  }
  for (const [name, value] of Object.entries(headers)) {
    const problem = inspectHeader(name, value)
    if (problem === undefined) continue
    const { message, expected } = problem
    problems.push({ path: [...path, 'headers', name], message, expected })
  }
  return problems
}

/** Indexes of what stood in the list before. */
function repeated(texts: readonly string[]): number[] {
  return texts.flatMap((text, index) => (texts.indexOf(text) < index ? [index] : []))
}
