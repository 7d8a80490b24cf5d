import { type AuditVerdict, explainFault, isSound, type NotedHead } from '../../audit/verdict.ts'
import { verifyAudit } from '../../audit/verify-audit.ts'
import { CarabinerError } from '../../errors.ts'
import type { ConfigureCommand, Run } from '../command.ts'
import { type CliContext, readArgument } from '../context.ts'
import { exitCode } from '../exit.ts'
import { loadForCommand } from '../load.ts'
import { openCommandStore } from '../open-store.ts'

interface VerifyFlags {
  readonly key?: readonly string[]
  readonly heads?: string
}

/** `audit verify`. */
export const configureVerify: ConfigureCommand = (command, act) => {
  command
    .command('verify')
    .description('check that no row was edited, inserted, moved or removed; exit 1 when one was')
    .option(
      '--key <key>',
      'a key of before, @FILE or - for standard input; may be repeated',
      collect,
    )
    .option('--heads <file>', 'what --json printed before, as @FILE: it has to hold still')
    .action(act(verify))
}

const verify: Run<VerifyFlags> = async (context, { key = [], heads }) => {
  const { assembly } = await loadForCommand(context)
  const older = await Promise.all(key.map((each) => readKey(context, each)))
  const noted = heads === undefined ? [] : readHeads(await readText(context, heads))
  await using store = await openCommandStore(context, assembly)
  const verdict = await verifyAudit(store, { keys: [...assembly.host.auditKeys, ...older], noted })
  const sound = isSound(verdict)
  if (context.options.json) context.terminal.printJson(jsonOf(verdict))
  else printVerdict(context, verdict)
  return sound ? exitCode.done : exitCode.failed
}

function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value]
}

async function readKey(context: CliContext, source: string): Promise<string> {
  return (await readText(context, source)).trim()
}

async function readText(context: CliContext, source: string): Promise<string> {
  return new TextDecoder().decode(await readArgument(context, source))
}

/** @throws {CarabinerError} USAGE */
function readHeads(text: string): readonly NotedHead[] {
  const chains = chainsOf(text)
  if (Array.isArray(chains) && chains.every(isHead)) return chains
  throw new CarabinerError('USAGE', 'expected what `audit verify --json` printed for --heads')
}

function chainsOf(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? Reflect.get(value, 'chains') : undefined
  } catch (error) {
    throw new CarabinerError('USAGE', 'expected JSON for --heads', { cause: error })
  }
}

function isHead(value: unknown): value is NotedHead {
  if (typeof value !== 'object' || value === null) return false
  const { chain, position, mac }: Partial<Record<keyof NotedHead, unknown>> = value
  return typeof chain === 'string' && Number.isInteger(position) && typeof mac === 'string'
}

function jsonOf(verdict: AuditVerdict): object {
  const { rows, unchained, faultCount } = verdict
  return {
    sound: isSound(verdict),
    rows,
    unchained,
    chains: verdict.chains.map((chain) => ({ ...chain, since: timeOf(chain.since) })),
    faultCount,
    faults: verdict.faults.map((fault) => ({ ...fault, message: explainFault(fault) })),
  }
}

function printVerdict({ terminal }: CliContext, verdict: AuditVerdict): void {
  const { rows, chains, unchained, faults, faultCount } = verdict
  for (const fault of faults) terminal.print(explainFault(fault))
  if (faultCount > faults.length) terminal.print(`… ${faultCount - faults.length} more`)
  for (const { chain, keyId, rows: many, key, since } of chains) {
    const signed = key === 'own' ? ", signed with the store's own key" : ''
    terminal.print(
      key === 'unknown'
        ? `chain ${chain}: ${many} rows could not be checked: give the key ${keyId} (--key, or after the first in host.audit_key)`
        : `chain ${chain}: ${many} rows since ${timeOf(since) ?? 'never'}${signed}`,
    )
  }
  if (unchained > 0) terminal.print(`${unchained} rows are older than chains: not checked`)
  const what = `${rows} rows in ${chains.length} chains`
  terminal.print(isSound(verdict) ? `sound: ${what}` : `NOT sound: ${what}, ${faultCount} faults`)
}

function timeOf(at: number | null): string | null {
  return at === null ? null : new Date(at).toISOString()
}
