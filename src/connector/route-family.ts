import { CarabinerError } from '../errors.ts'
import type { ConnectorRoute, RouteFamilyOfConnectors } from './route.ts'

/**
 * The listeners that serve a connector's route.
 *
 * @throws {CarabinerError} CONNECTOR_FAILED: a path that cannot be served, or a family that does not go with it
 */
export function familyOf({
  path,
  family,
}: Pick<ConnectorRoute, 'path' | 'family'>): RouteFamilyOfConnectors {
  if (!acceptable.test(path)) {
    throw refusal(path, 'expected /v1/…, /api/v1/… or /api/callbacks/… with :name parameters')
  }
  const implied = impliedBy(path)
  const wanted = family ?? implied
  if (wanted === undefined) {
    throw refusal(path, "outside /v1, /api/v1 and /api/callbacks expected family: 'callbacks'")
  }
  if (implied !== undefined && !mayBe[implied].includes(wanted)) {
    throw refusal(path, `under this path expected the family ${mayBe[implied].join(' or ')}`)
  }
  if (implied === undefined && wanted !== 'callbacks') {
    throw refusal(
      path,
      `the family ${wanted} stands under ${wanted === 'public' ? '/v1' : '/api/v1'}`,
    )
  }
  return wanted
}

/** Whether answers stand in the envelope of the management API. */
export function isEnveloped({ path }: Pick<ConnectorRoute, 'path'>): boolean {
  return path.startsWith('/api/v1/')
}

const acceptable = /^(?:\/(?:[\w~-][\w.~-]*|:[a-z]\w*))+$/i

const mayBe: Readonly<Record<RouteFamilyOfConnectors, readonly RouteFamilyOfConnectors[]>> = {
  public: ['public'],
  management: ['management', 'public'],
  callbacks: ['callbacks'],
}

function impliedBy(path: string): RouteFamilyOfConnectors | undefined {
  if (path.startsWith('/v1/')) return 'public'
  if (path.startsWith('/api/v1/')) return 'management'
  return path.startsWith('/api/callbacks/') ? 'callbacks' : undefined
}

function refusal(path: string, why: string): CarabinerError {
  return new CarabinerError('CONNECTOR_FAILED', `the route \`${path}\` cannot be served: ${why}`)
}
