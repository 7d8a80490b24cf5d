import { newId } from 'carabiner'
import type { ProviderConfig } from '../integration-config.ts'
import { acme } from './acme.ts'
import { declared } from './declared.ts'
import { normalization } from './facts.ts'
import { github } from './github.ts'
import { gitlab } from './gitlab.ts'
import { globex } from './globex.ts'
import type { Provider } from './provider.ts'
import type { ProviderKind } from './provider-kind.ts'
import { shopify } from './shopify.ts'
import { slack } from './slack.ts'
import { standard, svix } from './standard.ts'
import { stripe } from './stripe.ts'
import { twilio } from './twilio.ts'
import { Verifier } from './verifier.ts'

/** Every provider that needs no declaration. */
export const builtInProviders: ReadonlyMap<string, ProviderKind> = new Map([
  ['acme', acme],
  ['globex', globex],
  ['github', github],
  ['gitlab', gitlab],
  ['stripe', stripe],
  ['shopify', shopify],
  ['slack', slack],
  ['twilio', twilio],
  ['standard', standard],
  ['svix', svix],
])

/**
 * The provider of an integration; its keys are prepared here, once.
 *
 * @throws {CarabinerError} SECRET_INVALID
 * @throws {TypeError} for a provider that is neither built in nor declared: configuration is checked before
 */
export function createProvider(config: ProviderConfig): Provider {
  const kind = kindOf(config)
  const { provider: name, verify, secret = [] } = config
  const tolerance = typeof verify === 'object' ? verify.tolerance : undefined
  const verifier = new Verifier(name, verify === 'none' ? [] : kind.schemes, secret, tolerance)
  return {
    name,
    bodies: kind.bodies,
    verify: (request) => verifier.verify(request),
    normalize: (request, payload) =>
      normalization(name, kind.read(request, payload), kind.member ?? 'data'),
    ...(kind.handshake !== undefined && { handshake: kind.handshake }),
    sign(sample) {
      const id = newId()
      return { ...kind.headers?.(sample, id), ...verifier.sign(sample, id) }
    },
    secretHeaders: [
      ...new Set([
        ...kind.schemes.map(({ scheme }) => scheme.header),
        ...(kind.secretHeaders ?? []),
      ]),
    ],
    ...(kind.sample !== undefined && { sample: kind.sample }),
  }
}

function kindOf({ provider, verify, normalize }: ProviderConfig): ProviderKind {
  const builtIn = builtInProviders.get(provider)
  if (builtIn !== undefined) return builtIn
  if (verify !== undefined && normalize !== undefined) return declared(verify, normalize)
  throw new TypeError(`no provider \`${provider}\`, and it is not declared`)
}
