import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Assembly } from '../../src/assembly/assembly.ts'
import { loadAssembly } from '../../src/assembly/load-assembly.ts'
import { type HostOptions, type RunningHost, startHost } from '../../src/host.ts'
import { createLogger, type HostLogger } from '../../src/log.ts'
import { Validator } from '../../src/schema/validator.ts'

export const builtInFolder: string = fileURLToPath(new URL('../../plugins', import.meta.url))

/** A folder that goes when it is disposed. */
export interface ProjectFolder extends Disposable {
  readonly path: string
  file(name: string): string
}

/** Writes files into a new folder outside this repository. */
export function projectFolder(files: Readonly<Record<string, string>>): ProjectFolder {
  const path = mkdtempSync(join(tmpdir(), 'carabiner-'))
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(path, name)), { recursive: true })
    writeFileSync(join(path, name), text)
  }
  return {
    path,
    file: (name) => join(path, name),
    [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }),
  }
}

/** An example connector: the event `adjust`, with a limit of its own. */
export const adjusterSource = `import { defineConnector, defineEvent } from 'carabiner'
import { Type } from 'typebox'

export const adjust = defineEvent('adjust', {
  description: 'Changes the memory of one component',
  params: Type.Object({ component: Type.String(), amount: Type.Number({ minimum: 0 }) }),
  result: Type.Object({ applied: Type.Number() }),
})

export default defineConnector({
  name: 'adjuster',
  config: Type.Object({ limit: Type.Number({ default: 512 }) }),
  events: [adjust],
  setup({ config, before, on }) {
    before(adjust, ({ params, cancel }) => {
      if (params.amount > config.limit) cancel('at most ' + config.limit, { limit: config.limit })
    }, { priority: 10 })
    on(adjust, ({ params }) => ({ applied: params.amount }))
  },
})
`

export interface StartedProject extends AsyncDisposable {
  readonly host: RunningHost
  readonly folder: ProjectFolder
  /** Of the first listener; `''` without one. */
  readonly url: string
  /** Everything that was logged, as JSON lines. */
  readonly logged: readonly string[]
}

/** Starts a host from YAML as `carabiner run` does, with `adjuster.ts` beside it. */
export async function startProject(
  yaml: string,
  options: {
    readonly files?: Readonly<Record<string, string>>
    readonly env?: Readonly<Record<string, string>>
    readonly listen?: boolean
    readonly deliver?: boolean
    readonly logLevel?: 'silent' | 'trace' | 'info'
    readonly lookup?: NonNullable<HostOptions['lookup']>
    readonly store?: NonNullable<HostOptions['store']>
    readonly clock?: NonNullable<HostOptions['clock']>
    readonly beforeReady?: NonNullable<HostOptions['beforeReady']>
  } = {},
): Promise<StartedProject> {
  const {
    files = {},
    env = {},
    listen = false,
    deliver = true,
    logLevel = 'silent',
    lookup,
    store,
    clock,
    beforeReady,
  } = options
  const folder = projectFolder({ 'carabiner.yaml': yaml, 'adjuster.ts': adjusterSource, ...files })
  const validator = new Validator({ allErrors: true })
  const assembly = await loadProject(folder, validator, env)
  const logged: string[] = []
  const log = await testLogger(logLevel, assembly, logged)
  const given = {
    ...(lookup && { lookup }),
    ...(store && { store }),
    ...(clock && { clock }),
    ...(beforeReady && { beforeReady }),
  }
  const host = await startHost({ assembly, validator, log, listen, deliver, ...given })
  return {
    host,
    folder,
    url: host.listeners[0]?.url ?? '',
    logged,
    async [Symbol.asyncDispose]() {
      await host.stop('test')
      folder[Symbol.dispose]()
    },
  }
}

/** Gives a running host another assembly. */
export async function reloadProject(
  { host, folder }: Pick<StartedProject, 'host' | 'folder'>,
  yaml: string,
): Promise<void> {
  writeFileSync(folder.file('carabiner.yaml'), yaml)
  const validator = new Validator({ allErrors: true })
  await host.reload(await loadProject(folder, validator), validator)
}

async function loadProject(
  folder: ProjectFolder,
  validator: Validator,
  env: Readonly<Record<string, string>> = {},
): Promise<Assembly> {
  const loaded = await loadAssembly(folder.file('carabiner.yaml'), {
    env,
    builtInFolder,
    validator,
  })
  if (loaded.kind === 'valid') return loaded.assembly
  const problems = loaded.problems.map(
    ({ line, column, message }) => `${line}:${column} ${message}`,
  )
  throw new Error(`the assembly of this test is invalid:\n${problems.join('\n')}`)
}

async function testLogger(
  level: 'silent' | 'trace' | 'info',
  { redactor }: Assembly,
  lines: string[],
): Promise<HostLogger> {
  return createLogger({
    level,
    format: 'json',
    name: 'test',
    redactor,
    write: (line) => lines.push(line),
  })
}
