import { systemClock } from '../../clock.ts'
import { erase } from '../../delivery/erasure.ts'
import { CarabinerError } from '../../errors.ts'
import type { MessageId } from '../../ids.ts'
import type { ErasureTarget } from '../../store/erasure.ts'
import type { ConfigureCommand, Run } from '../command.ts'
import type { CliContext } from '../context.ts'
import { exitCode } from '../exit.ts'
import { openCommandStore } from '../open-store.ts'

interface EraseFlags {
  readonly message?: string
  readonly tenant?: string
  readonly yes?: boolean
}

/** `deliveries erase`. */
export const configureErase: ConfigureCommand = (command, act) => {
  command
    .command('erase')
    .description('remove what messages said and were answered; what waits is cancelled')
    .option('--message <id>', 'this message')
    .option('--tenant <tenant>', 'every message of this tenant')
    .option('--yes', 'without asking')
    .action(act(eraseBodies))
}

const eraseBodies: Run<EraseFlags> = async (context, flags) => {
  const target = targetOf(flags)
  if (flags.yes !== true && !(await isConfirmed(context, target))) {
    context.terminal.say('nothing erased')
    return exitCode.failed
  }
  await using store = await openCommandStore(context)
  const { messages, cancelled, records } = await erase(store, systemClock, target, 'cli')
  const { terminal, options } = context
  if (options.json) terminal.printJson({ messages, cancelled, records })
  else {
    terminal.print(
      `erased: ${messages} messages, ${records} records; ${cancelled} deliveries cancelled`,
    )
  }
  return exitCode.done
}

function targetOf({ message, tenant }: EraseFlags): ErasureTarget {
  if (message !== undefined && tenant === undefined) {
    // The store answers for any text: no such message.
    return { kind: 'message', id: message.toLowerCase() as MessageId }
  }
  if (tenant !== undefined && message === undefined) return { kind: 'tenant', tenant }
  throw new CarabinerError('USAGE', 'expected either --message ID or --tenant TENANT')
}

async function isConfirmed({ ask }: CliContext, target: ErasureTarget): Promise<boolean> {
  if (ask === undefined) {
    throw new CarabinerError('USAGE', 'expected --yes: there is no terminal to ask on')
  }
  const what =
    target.kind === 'message' ? `message ${target.id}` : `every message of ${target.tenant}`
  const answer = await ask(`Erase ${what}? What is erased is gone for good. [y/N] `)
  return /^y(es)?$/i.test(answer.trim())
}
