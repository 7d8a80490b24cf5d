import type { Outcome, Parked } from '../../bus/outcome.ts'
import { outcomeToJson } from '../../bus/outcome-json.ts'
import { systemClock } from '../../clock.ts'
import { CarabinerError } from '../../errors.ts'
import type { RunningHost } from '../../host.ts'
import { refuseLifecycleEvent } from '../../lifecycle-event.ts'
import { parseDuration } from '../../quantity/duration.ts'
import { waitAtMost } from '../../wait-at-most.ts'
import type { ConfigureCommand, Run } from '../command.ts'
import { type CliContext, readJsonObject } from '../context.ts'
import { exitCodeOfOutcome } from '../exit.ts'
import { loadForCommand, startCommandHost } from '../load.ts'
import type { Terminal } from '../terminal.ts'

interface DispatchFlags {
  readonly params?: string
  readonly dryRun?: boolean
  readonly timeout?: string
  readonly wait: string
  readonly actor?: string
  readonly waitDecision?: boolean
}

export const configureDispatch: ConfigureCommand = (command, act) => {
  command
    .argument('<event>', 'name of the event')
    .option('--params <json>', 'its params: JSON, @FILE, or - for standard input')
    .option('--dry-run', 'ask the before handlers only')
    .option('--timeout <duration>', 'deadline of the whole dispatch')
    .option('--actor <name>', 'who asks for it')
    .option('--wait-decision', 'stay until the callbacks it waits for are answered')
    .option('--wait <duration>', 'how long to deliver what the event owes', '10s')
    .action(act(dispatch))
}

const visible = /^\P{Cc}{1,256}$/u

const dispatch: Run<DispatchFlags> = async (context, flags, event) => {
  refuseLifecycleEvent(String(event))
  const waitMs = parseDuration(flags.wait, { zero: true, bareSeconds: true })
  const timeoutMs =
    flags.timeout === undefined ? undefined : parseDuration(flags.timeout, { bareSeconds: true })
  if (flags.actor !== undefined && !visible.test(flags.actor)) {
    throw new CarabinerError('USAGE', 'expected 1 to 256 visible characters for --actor')
  }
  const params = await readJsonObject(context, '--params', flags.params)
  const loaded = await loadForCommand(context)

  await using host = await startCommandHost(context, loaded)
  const told = await host.dispatch(String(event), params.value, {
    source: params.text,
    park: 'return',
    dryRun: flags.dryRun ?? false,
    signal: context.signal,
    ...(timeoutMs !== undefined && { timeout: timeoutMs / 1000 }),
    ...(flags.actor !== undefined && { actor: flags.actor }),
  })
  const waits = flags.waitDecision === true && told.kind === 'parked'
  const outcome = waits ? await decided(context, host, told) : told
  printOutcome(context, outcome)
  if (outcome.kind === 'parked') sayWhereItIs(context, host, outcome)
  await deliverOwn(context, host, waitMs)
  return exitCodeOfOutcome(outcome)
}

/** What comes of a parked dispatch; that it is parked, when the user ends the wait before. */
async function decided(
  { signal, terminal }: CliContext,
  host: RunningHost,
  parked: Outcome & Parked,
): Promise<Outcome> {
  for (const { by, callbackId, expiresAt } of parked.waitingFor) {
    terminal.say(`waiting for ${by}: callback ${callbackId} until ${expiresAt}`)
  }
  let outcome: Outcome = parked
  const decision = host.outcomeOf(parked).then((known) => {
    outcome = known
  })
  // Nothing else keeps the process alive; the longest time a timer takes is shorter than a callback may wait.
  while (outcome === parked && !signal.aborted) {
    await waitAtMost(systemClock, Number.POSITIVE_INFINITY, decision, signal)
  }
  return outcome
}

/** Where to look for what is parked. */
function sayWhereItIs({ terminal }: CliContext, host: RunningHost, { dispatchId }: Outcome): void {
  terminal.say(
    host.store.durable
      ? `it goes on in a host that runs (\`carabiner run\`); what came of it: GET /api/v1/dispatches/${dispatchId}`
      : 'lost: the memory: store ends with its process',
  )
}

function printOutcome({ terminal, options }: CliContext, outcome: Outcome): void {
  if (options.json) terminal.printJson(outcomeToJson(outcome))
  else sayOutcome(terminal, outcome)
}

/** An outcome in words: what happened first, then why, then what came with it. */
export function sayOutcome(terminal: Terminal, outcome: Outcome): void {
  const took = `${Math.round(outcome.durationMs)} ms`
  const dry = outcome.dryRun ? ' (dry run)' : ''
  switch (outcome.kind) {
    case 'completed':
      terminal.print(`${terminal.style('green', 'completed')} ${outcome.event}${dry} in ${took}`)
      for (const { connector, ...result } of outcome.results) {
        const text =
          'error' in result ? `failed: ${result.error.message}` : JSON.stringify(result.value)
        terminal.print(`  ${connector}: ${text}`)
      }
      for (const source of outcome.unknown ?? []) terminal.print(`  not asked: ${source}`)
      break
    case 'cancelled':
      terminal.print(`${terminal.style('yellow', 'cancelled')} ${outcome.event}${dry} in ${took}`)
      terminal.print(`  by ${outcome.by}: ${outcome.reason}`)
      if (outcome.details !== undefined) terminal.print(`  ${JSON.stringify(outcome.details)}`)
      for (const { connector, message } of outcome.also)
        terminal.print(`  also ${connector}: ${message}`)
      break
    case 'failed':
      terminal.print(`${terminal.style('red', 'failed')} ${outcome.event}${dry} in ${took}`)
      for (const { connector, phase, code, message } of outcome.failures) {
        terminal.print(`  ${connector} (${phase}) ${code}: ${message}`)
      }
      break
    case 'parked':
      terminal.print(`${terminal.style('yellow', 'parked')} ${outcome.event}${dry} after ${took}`)
      for (const { by, callbackId, expiresAt } of outcome.waitingFor)
        terminal.print(`  waits for ${by}: callback ${callbackId} until ${expiresAt}`)
      break
  }
  for (const { source, message } of outcome.warnings)
    terminal.print(`  warning from ${source}: ${message}`)
}

async function deliverOwn(context: CliContext, host: RunningHost, waitMs: number): Promise<void> {
  const left = await host.engine.drainOwn(waitMs, context.signal)
  if (left === 0) return
  const deliveries = left === 1 ? '1 delivery' : `${left} deliveries`
  context.terminal.say(
    host.store.durable
      ? `${deliveries} left to the next host`
      : `${deliveries} lost: the memory: store ends with its process`,
  )
}
