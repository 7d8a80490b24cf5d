import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { idProblem } from '../../assembly/connector-id.ts'
import { generateStanza } from '../../assembly/generate.ts'
import { CarabinerError } from '../../errors.ts'
import type { ConfigureCommand, Run } from '../command.ts'
import type { CliContext } from '../context.ts'
import { exitCode } from '../exit.ts'
import { connectorsForStanzas, findInstalled, type InstalledConnector } from '../installed.ts'
import { rehearse } from '../rehearsal.ts'
import { writeText } from '../write-text.ts'

interface GenerateFlags {
  readonly defaults?: boolean
  readonly append?: boolean
  readonly force?: boolean
  readonly output: string
}

export const configureGenerate: ConfigureCommand = (command, act) => {
  command
    .argument(
      '[names...]',
      'connectors, or alias:NAME; without any, every one that is installed; openapi: the description of the HTTP API instead',
    )
    .option('--defaults', 'write out every key with its default')
    .option('--append', 'add to the file')
    .option('--force', 'overwrite the file without asking')
    .option('-o, --output <file>', 'where to; - is standard output', '-')
    .action(act(generate))
}

/** Stands in place of connectors' names: the description of the HTTP API. */
const openapi = 'openapi'

const generate: Run<GenerateFlags> = async (context, flags, names = []) => {
  const asked = typeof names === 'string' ? [names] : names
  const text = asked.includes(openapi)
    ? await describeApi(context, flags, asked)
    : await generateStanzas(context, flags, asked)

  if (flags.output === '-') {
    context.terminal.print(text.trimEnd())
    return exitCode.done
  }
  return writeGenerated(context, flags, text)
}

async function describeApi(
  context: CliContext,
  { append = false, defaults = false }: GenerateFlags,
  asked: readonly string[],
): Promise<string> {
  if (asked.length > 1 || append || defaults) {
    throw new CarabinerError(
      'USAGE',
      `\`generate ${openapi}\` stands alone, but for -o and --force`,
    )
  }
  await using rehearsal = await rehearse(context)
  return `${JSON.stringify(rehearsal.describeApi(), null, 2)}\n`
}

async function generateStanzas(
  context: CliContext,
  { append = false, defaults = false, output }: GenerateFlags,
  asked: readonly string[],
): Promise<string> {
  const asking = asked.map((text) => readName(text))
  const installed = await connectorsForStanzas(
    context,
    asking.map(({ name }) => name),
  )
  const wanted =
    asking.length === 0 ? installed.map(ownName) : asking.map((each) => named(installed, each))
  const file = resolve(context.cwd, output)
  const appending = append && existsSync(file)
  refuseTwice(wanted, appending ? await readFile(file, 'utf8') : '', output)
  return textOf(wanted, defaults, appending)
}

/** A stanza stands once in a file. @throws {CarabinerError} USAGE */
function refuseTwice(wanted: readonly Wanted[], standing: string, output: string): void {
  for (const [index, { id, connector }] of wanted.entries()) {
    const another = `\`second:${connector.name}\` gives another one an id of its own`
    if (wanted.findIndex((each) => each.id === id) < index) {
      throw new CarabinerError('USAGE', `\`${id}\` is named twice: ${another}`)
    }
    if (new RegExp(`^["']?${id}["']?\\s*:`, 'm').test(standing)) {
      throw new CarabinerError('USAGE', `${output} has \`${id}\` already: ${another}`)
    }
  }
}

/** A connector under the id it gets in the assembly. */
interface Wanted {
  readonly id: string
  readonly source: string
  readonly connector: InstalledConnector['connector']
}

function ownName({ id, source, connector }: InstalledConnector): Wanted {
  return { id, source: sourceOf(source, connector.name), connector }
}

/** What is asked for: `alias:NAME` is a second instance under an id of its own. */
interface Asked {
  readonly alias: string | undefined
  readonly name: string
}

function readName(text: string): Asked {
  const [alias, name] = text.split(':', 2)
  return name === undefined ? { alias: undefined, name: text } : { alias, name }
}

function named(installed: readonly InstalledConnector[], { alias, name }: Asked): Wanted {
  const { id, source, connector } = findInstalled(installed, name)
  const problem = alias === undefined ? undefined : idProblem(alias)
  if (problem !== undefined) throw new CarabinerError('USAGE', problem.message)
  return { id: alias ?? id, source: sourceOf(source, connector.name), connector }
}

function sourceOf(source: string, name: string): string {
  return source === 'built-in' ? name : source
}

/**
 * The stanzas, below the `connectors` that makes them active. Built-in connectors under their own names need none; where there is a
 * file already, it has its own, so the entries are a comment.
 */
function textOf(wanted: readonly Wanted[], defaults: boolean, appending: boolean): string {
  const stanzas = wanted.map(({ id, connector }) => generateStanza({ id, connector, defaults }))
  const entries = wanted.map(({ id, source }) => `  ${id}: ${source}\n`).join('')
  const list = `connectors:\n${entries}`
  const needed = wanted.some(({ id, source }) => id !== source)
  const parts = !needed ? stanzas : [appending ? asComment(list) : list, ...stanzas]
  return parts.join('\n')
}

function asComment(list: string): string {
  return `# To make them active, \`connectors\` has to name them:\n${list.replaceAll(/^(?=.)/gm, '# ')}`
}

async function writeGenerated(
  context: CliContext,
  { append = false, force = false, output }: GenerateFlags,
  text: string,
): Promise<number> {
  const file = resolve(context.cwd, output)
  if (append) {
    const standing = existsSync(file) ? `${(await readFile(file, 'utf8')).trimEnd()}\n\n` : ''
    await writeText(file, standing + text)
  } else {
    if (existsSync(file) && !force && !(await mayOverwrite(context, output))) {
      context.terminal.say('nothing was written')
      return exitCode.failed
    }
    await writeText(file, text)
  }
  context.terminal.say(`written: ${output}`)
  return exitCode.done
}

async function mayOverwrite({ ask, terminal }: CliContext, file: string): Promise<boolean> {
  if (ask === undefined) {
    throw new CarabinerError('USAGE', `${file} would be overwritten: say --force or --append`)
  }
  return /^y(es)?$/i.test(
    (await ask(terminal.styleErr('bold', `overwrite ${file}? [y/N] `))).trim(),
  )
}
