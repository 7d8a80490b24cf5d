import type { ConfigProblem, InspectInput } from 'carabiner'
import { callbackPrefix, callbackUrl } from 'carabiner/callbacks'
import type { CallbacksConfig } from './config.ts'
import { pathPrefixProblem } from './path-prefix.ts'

type Input = InspectInput<CallbacksConfig>

/** Everything wrong with the stanza that its schema cannot say, each with its path. */
export function inspect({ config, host }: Input): readonly ConfigProblem[] {
  return [
    ...wrongAccess(config),
    ...wrongSecrets(config),
    ...wrongPrefix(config),
    ...wrongUrl(host.publicUrl),
  ]
}

function wrongAccess(config: CallbacksConfig): readonly ConfigProblem[] {
  const { secret = [], allow_unsigned: allowUnsigned = false, signatures = [] } = config
  if (!allowUnsigned && secret.length === 0) {
    const expected = 'secret: 64 hex digits, or allow_unsigned: true'
    return [{ path: [], message: 'a callback signing secret is required', expected }]
  }
  if (allowUnsigned && secret.length > 0) {
    const message = 'secret and allow_unsigned are mutually exclusive'
    return [{ path: ['allow_unsigned'], message, expected: 'one of them' }]
  }
  if (allowUnsigned && signatures.length > 0) {
    return [{ path: ['signatures'], message: 'signatures need a secret', expected: 'a secret' }]
  }
  return []
}

/** No secret is shown: which one of a list it is, its place says. */
function wrongSecrets({ secret = [] }: CallbacksConfig): readonly ConfigProblem[] {
  return secret.flatMap((each, index) =>
    /^[0-9a-f]{64}$/i.test(each)
      ? []
      : [
          {
            path: secret.length > 1 ? ['secret', index] : ['secret'],
            message: 'not 32 bytes as hex digits',
            expected: '64 hex digits: openssl rand -hex 32',
          },
        ],
  )
}

const reserved = ['/v1', '/api/v1']

function wrongPrefix({ path_prefix: given = '' }: CallbacksConfig): readonly ConfigProblem[] {
  const message = pathPrefixProblem(given) ?? reservedProblem(callbackPrefix(given))
  if (message === undefined) return []
  return [{ path: ['path_prefix'], message, expected: 'a path such as /api/callbacks' }]
}

function reservedProblem(prefix: string): string | undefined {
  const taken = reserved.find((each) => `${prefix}/`.startsWith(`${each}/`))
  return taken === undefined ? undefined : `paths under ${taken} are those of the API`
}

/** A callback's URL is made of it: what is wrong with it is seen now, and not when somebody answers. */
function wrongUrl(publicUrl: string | null): readonly ConfigProblem[] {
  if (publicUrl === null) return []
  const url = URL.parse(callbackUrl(publicUrl, '', 'id', 'complete'))
  const isReachable =
    url?.pathname.endsWith('/id/complete') === true && url.search + url.hash === ''
  if (isReachable) return []
  const message = `no URL of a callback can be made of host.server.public_url (${publicUrl})`
  return [{ path: [], message, expected: 'host.server.public_url: https://host, without a query' }]
}
