import {
  CarabinerError,
  type ConfigProblem,
  fittingKeys,
  Signer,
  signatureSchemes,
  suggestion,
} from 'carabiner'
import type { ProviderConfig, SignWithConfig, VerifyConfig } from '../integration-config.ts'
import { schemeOf } from './declared.ts'
import type { ProviderScheme } from './provider-kind.ts'
import { builtInProviders } from './providers.ts'

/**
 * Everything wrong with how an integration names, verifies and reads its provider; paths begin at its keys.
 *
 * @param publicUrl - where the host says it is reached
 */
export function inspectProvider(
  config: ProviderConfig,
  publicUrl: string | null,
): readonly ConfigProblem[] {
  const problems = builtInProviders.has(config.provider)
    ? wrongBuiltIn(config)
    : wrongDeclaration(config)
  return [
    ...problems,
    ...(publicUrl === null ? signedUrl(config) : []),
    ...(config.sign_with === undefined ? [] : wrongSignWith(config.sign_with)),
  ]
}

/** `awa` signs the id of a callback, which no webhook has. */
const inboundSchemes = signatureSchemes.map(({ name }) => name).filter((name) => name !== 'awa')
/** Signature schemes that deliveries can be sent with; the other ones are for what comes in. */
const outboundSchemes = ['servo', 'standard', 'standard-v1a', 'pyfly', 'axme', 'github', 'stripe']

function wrongBuiltIn(config: ProviderConfig): readonly ConfigProblem[] {
  const { provider, verify, normalize } = config
  const schemes = builtInProviders.get(provider)?.schemes ?? []
  const problems = [
    ...(normalize === undefined ? [] : [ofItsOwn('normalize', provider)]),
    ...(verify === undefined || verify === 'none' ? [] : wrongOwnVerify(provider, verify)),
  ]
  return problems.length > 0 ? problems : wrongProof(config, schemes)
}

function wrongOwnVerify(provider: string, verify: VerifyConfig): readonly ConfigProblem[] {
  const { tolerance, ...others } = verify
  return Object.keys(others).map((key) => ({
    path: ['verify', key],
    message: `\`${provider}\` is verified as its makers say`,
    expected: '`tolerance` alone, `none`, or a provider with a name of its own',
  }))
}

function ofItsOwn(key: string, provider: string): ConfigProblem {
  const message = `\`${provider}\` is built in and needs no \`${key}\``
  return { path: [key], message, expected: 'a provider with a name of its own' }
}

function wrongDeclaration(config: ProviderConfig): readonly ConfigProblem[] {
  const { provider, verify, normalize } = config
  const builtIns = [...builtInProviders.keys()]
  if (verify === undefined && normalize === undefined) {
    const message = `no provider \`${provider}\`${suggestion(provider, builtIns)}`
    const expected = `one of ${builtIns.join(', ')}, or \`verify\` and \`normalize\` for one of your own`
    return [{ path: ['provider'], message, expected }]
  }

  const problems: ConfigProblem[] = []
  if (normalize === undefined) {
    const message = `\`${provider}\` is not built in, and nothing says where its events stand`
    problems.push({ path: [], message, expected: 'normalize: { id: /id, type: /type }' })
  }
  if (verify === undefined) {
    const message = `\`${provider}\` is not built in, and nothing says how it signs`
    problems.push({ path: [], message, expected: 'verify: { scheme: standard }, or none' })
    return problems
  }
  const ofVerify = verify === 'none' ? [] : wrongScheme(verify)
  if (ofVerify.length > 0) return [...problems, ...ofVerify]
  const schemes = verify === 'none' ? [] : [{ scheme: schemeOf(verify) }]
  return [...problems, ...wrongProof(config, schemes)]
}

function wrongScheme(verify: VerifyConfig): readonly ConfigProblem[] {
  const { scheme, header } = verify
  if (scheme === 'hmac') return header === undefined ? [hmacWithoutHeader] : []
  if (scheme === undefined || !inboundSchemes.includes(scheme)) return [noSuchScheme(scheme)]

  const problems = (['algorithm', 'encoding', 'prefix'] as const)
    .filter((key) => verify[key] !== undefined)
    .map((key) => ({
      path: ['verify', key],
      message: `\`${scheme}\` has its own \`${key}\``,
      expected: 'scheme: hmac',
    }))
  if (header === undefined || movable(scheme)) return problems
  const message = `\`${scheme}\` has its own headers`
  return [...problems, { path: ['verify', 'header'], message, expected: 'no `header` here' }]
}

const hmacWithoutHeader: ConfigProblem = {
  path: ['verify', 'scheme'],
  message: '`hmac` has no header of its own',
  expected: 'header: the one with the signature',
}

function noSuchScheme(scheme: string | undefined): ConfigProblem {
  const names = [...inboundSchemes, 'hmac']
  const expected = `one of ${names.join(', ')}`
  if (scheme === undefined) {
    return { path: ['verify'], message: 'no signature scheme', expected: `scheme: ${expected}` }
  }
  const message = `no signature scheme \`${scheme}\` for requests that come in${suggestion(scheme, names)}`
  return { path: ['verify', 'scheme'], message, expected }
}

function movable(scheme: string): boolean {
  return signatureSchemes.find(({ name }) => name === scheme)?.withHeader !== undefined
}

/** What is wrong with a secret or a tolerance, where the schemes are known. */
function wrongProof(
  config: ProviderConfig,
  schemes: readonly ProviderScheme[],
): readonly ConfigProblem[] {
  return [...wrongSecrets(config, schemes), ...wrongTolerance(config, schemes)]
}

function wrongSecrets(
  { provider, secret, verify }: ProviderConfig,
  schemes: readonly ProviderScheme[],
): readonly ConfigProblem[] {
  if (verify === 'none') {
    if (secret === undefined) return []
    const message = '`verify: none` checks no secret'
    return [{ path: ['secret'], message, expected: 'no `secret` here, or no `verify: none`' }]
  }
  if (secret === undefined) {
    const expected = 'secret: what its requests are signed with'
    return [{ path: [], message: `\`${provider}\` without a secret`, expected }]
  }
  return secret.flatMap((one, index) => {
    const message = unfitness(one, schemes)
    const path = secret.length > 1 ? ['secret', index] : ['secret']
    const expected = `a secret that requests of \`${provider}\` are signed with`
    return message === undefined ? [] : [{ path, message, expected }]
  })
}

/** Why none of the schemes can verify with a secret; `undefined`: one can. Never says the secret. */
function unfitness(secret: string, schemes: readonly ProviderScheme[]): string | undefined {
  try {
    const isFit = schemes.some(
      ({ scheme, takes = () => true }) => takes(secret) && fittingKeys(scheme, [secret]).length > 0,
    )
    return isFit ? undefined : 'a key of a pair is no shared secret'
  } catch (error) {
    if (!(error instanceof CarabinerError)) throw error
    return error.message
  }
}

function wrongTolerance(
  { verify }: ProviderConfig,
  schemes: readonly ProviderScheme[],
): readonly ConfigProblem[] {
  if (verify === undefined || verify === 'none' || verify.tolerance === undefined) return []
  if (schemes.some(({ scheme }) => scheme.timestamped)) return []
  const message = 'no time is signed here that could be off'
  return [{ path: ['verify', 'tolerance'], message, expected: 'no `tolerance` here' }]
}

function signedUrl({ provider, verify }: ProviderConfig): readonly ConfigProblem[] {
  const isDeclared = typeof verify === 'object' && verify.scheme === 'twilio'
  if (!isDeclared && (provider !== 'twilio' || verify === 'none')) return []
  const path = isDeclared ? ['verify', 'scheme'] : ['provider']
  const message = 'the URL is signed, and the host does not know how it is reached'
  return [{ path, message, expected: 'server: { public_url: https://… } of the host' }]
}

function wrongSignWith({ scheme, secret }: SignWithConfig): readonly ConfigProblem[] {
  if (!outboundSchemes.includes(scheme)) {
    const message = `no signature scheme \`${scheme}\` for requests${suggestion(scheme, outboundSchemes)}`
    const expected = `one of ${outboundSchemes.join(', ')}`
    return [{ path: ['sign_with', 'scheme'], message, expected }]
  }
  try {
    new Signer([scheme], secret)
    return []
  } catch (error) {
    if (!(error instanceof CarabinerError)) throw error
    const expected = `a secret that \`${scheme}\` can sign with`
    return [{ path: ['sign_with', 'secret'], message: error.message, expected }]
  }
}
