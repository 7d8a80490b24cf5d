import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { assemblySchema } from '../../assembly/schema.ts'
import { generateSecret } from '../../delivery/signing/secret.ts'
import { CarabinerError } from '../../errors.ts'
import { ownPath } from '../../own-package.ts'
import type { ConfigureCommand, Run } from '../command.ts'
import type { CliContext } from '../context.ts'
import { exitCode } from '../exit.ts'
import { type ProjectFile, projectFiles } from '../init/project.ts'
import { installedConnectors } from '../installed.ts'
import { writeText } from '../write-text.ts'

export const configureInit: ConfigureCommand = (command, act) => {
  command
    .argument('[dir]', 'where to', '.')
    .option('--yes', 'overwrite without asking')
    .action(act(init))
}

const init: Run<{ readonly yes?: boolean }> = async (context, { yes = false }, dir = '.') => {
  const folder = resolve(context.cwd, String(dir))
  const files = projectFiles({
    managementKey: randomBytes(24).toString('base64url'),
    webhookSecret: generateSecret(),
  })
  const standing = files
    .filter(({ path }) => existsSync(join(folder, path)))
    .map(({ path }) => path)
  if (standing.length > 0 && !yes && !(await mayOverwrite(context, standing))) {
    context.terminal.say('nothing was written')
    return exitCode.failed
  }
  for (const { path, text, mode } of files) await writeText(join(folder, path), text, mode)
  await writeText(join(folder, schemaName), await schemaText(context, folder))
  sayWhatNext(context, shortest(context.cwd, folder), files)
  return exitCode.done
}

/** Asks on the terminal; where nobody can answer, the answer is an error that names the option. */
async function mayOverwrite(context: CliContext, standing: readonly string[]): Promise<boolean> {
  const { terminal, ask } = context
  const question = `overwrite ${standing.join(', ')}? [y/N] `
  if (ask === undefined) {
    throw new CarabinerError('USAGE', `${standing.join(', ')} would be overwritten: say --yes`)
  }
  const answer = await ask(terminal.styleErr('bold', question))
  return /^y(es)?$/i.test(answer.trim())
}

/** A folder as the user would write it. */
function shortest(cwd: string, folder: string): string {
  const below = relative(cwd, folder)
  return below.startsWith('../../') ? folder : below
}

const schemaName = 'carabiner.schema.json'

/** The schema of the assembly just written, for editors. */
async function schemaText(context: CliContext, folder: string): Promise<string> {
  const config = join(folder, 'carabiner.yaml')
  const installed = await installedConnectors({
    ...context,
    options: { ...context.options, config },
  })
  return `${JSON.stringify(assemblySchema(installed), null, 2)}\n`
}

function sayWhatNext(
  { terminal, options }: CliContext,
  folder: string,
  files: readonly ProjectFile[],
): void {
  if (options.json) {
    terminal.printJson({
      folder: folder || '.',
      files: [...files.map(({ path }) => path), 'carabiner.schema.json'],
    })
    return
  }
  terminal.print(`written: ${files.map(({ path }) => path).join(', ')}, carabiner.schema.json

next:
${checkoutAlias()}${folder === '' ? '' : `  cd ${folder}\n`}  carabiner validate                                   # is it right?
  carabiner test                                       # the connector's own tests
  carabiner listen --secret "$(sed -n 's/^WEBHOOK_SECRET=//p' .env)"   # a receiver, in another terminal (begun as this one)
  carabiner dispatch greet --params '{"name":"Ada"}'   # one event: the receiver is asked before, and told after
  carabiner run                                        # serve`)
}

/** Whoever has no `carabiner` command, because this is a checkout, gets one for the terminal. */
function checkoutAlias(): string {
  const main = ownPath('src/cli/main.ts')
  if (!main.endsWith('.ts')) return ''
  return `  alias carabiner="${process.execPath} --conditions=source ${main}"\n`
}
