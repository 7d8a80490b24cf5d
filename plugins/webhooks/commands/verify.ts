import {
  CarabinerError,
  type CommandContext,
  type ConnectorCommand,
  fittingKeys,
  signatureSchemes,
  systemClock,
  type Verification,
} from 'carabiner'
import type { WebhookConfig } from '../config.ts'

/** `carabiner webhooks verify` */
export const verify: ConnectorCommand<readonly WebhookConfig[]> = {
  name: 'verify',
  description: 'Tells which signatures of a request verify, and why others do not',
  standalone: true,
  options: [
    { flags: '--secret <secret>', description: 'the secret the sender should have signed with' },
    { flags: '--body <body>', description: '@FILE, - for standard input, or the body itself' },
    { flags: '--header <header>', description: "'name: value' as it came", repeatable: true },
  ],
  run: verifyRequest,
}

type Verdict = Verification | { readonly kind: 'unfit'; readonly reason: string }

async function verifyRequest(context: CommandContext<readonly WebhookConfig[]>): Promise<number> {
  const secret = required(context, 'secret')
  const body = await context.read(required(context, 'body'))
  const headers = headersOf(context.options['header'])
  const input = {
    header: (name: string) => headers.get(name),
    body,
    now: Math.floor(systemClock.now() / 1_000),
  }

  const rows = signatureSchemes.map((scheme) => {
    const verdict = judge(secret, scheme, input)
    const verified = verdict.kind === 'verified'
    return { scheme: scheme.name, verified, reason: 'reason' in verdict ? verdict.reason : null }
  })
  const shown = rows.map((row) => ({
    ...row,
    verified: row.verified ? 'yes' : 'no',
    reason: row.reason ?? '',
  }))
  context.table(context.json ? rows : shown, ['scheme', 'verified', 'reason'])
  return rows.some((row) => row.verified) ? 0 : 1
}

function judge(
  secret: string,
  scheme: (typeof signatureSchemes)[number],
  input: Parameters<typeof scheme.verify>[0],
): Verdict {
  try {
    const keys = fittingKeys(scheme, [secret])
    if (keys.length > 0) return scheme.verify(input, keys)
    return { kind: 'unfit', reason: 'the secret is not for this scheme' }
  } catch (error) {
    if (!(error instanceof CarabinerError)) throw error
    return { kind: 'unfit', reason: error.message }
  }
}

function required({ options }: CommandContext, name: string): string {
  const value = options[name]
  if (typeof value === 'string' && value !== '') return value
  throw new CarabinerError('USAGE', `expected --${name}`)
}

/** A header that stands twice is what it is on the wire: one list. */
function headersOf(option: CommandContext['options'][string]): ReadonlyMap<string, string> {
  const lines = typeof option === 'string' ? [option] : Array.isArray(option) ? option : []
  const headers = new Map<string, string>()
  for (const line of lines) {
    const colon = line.indexOf(':')
    if (colon < 1)
      throw new CarabinerError('USAGE', `expected a header as 'name: value', got ${line}`)
    const name = line.slice(0, colon).trim().toLowerCase()
    const value = line.slice(colon + 1).trim()
    const earlier = headers.get(name)
    headers.set(name, earlier === undefined ? value : `${earlier}, ${value}`)
  }
  return headers
}
