import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { CarabinerError } from '../../errors.ts'
import { ownPath } from '../../own-package.ts'
import type { ConfigureCommand, Run } from '../command.ts'
import { exitCode } from '../exit.ts'

export const configureTest: ConfigureCommand = (command, act) => {
  command
    .argument('[paths...]', 'test files, or folders of *.test.ts', ['connectors'])
    .action(act(test))
}

/** Runs connectors' tests with Node's own runner, where `carabiner` and `typebox` are this host's copies. */
const test: Run = async (context, _options, paths = []) => {
  const patterns = (typeof paths === 'string' ? [paths] : paths).map((path) =>
    patternOf(context.cwd, path),
  )
  const hooks = pathToFileURL(ownPath('src/cli/register.ts')).href
  const child = spawn(
    process.execPath,
    [...process.execArgv, '--import', hooks, '--test', ...patterns],
    {
      cwd: context.cwd,
      stdio: 'inherit',
    },
  )
  const [code] = (await once(child, 'exit')) as [number | null] // what `exit` is emitted with
  return code === 0 ? exitCode.done : exitCode.failed
}

function patternOf(cwd: string, path: string): string {
  const full = resolve(cwd, path)
  if (!existsSync(full))
    throw new CarabinerError('USAGE', `expected test files at ${path}: nothing there`)
  return statSync(full).isDirectory() ? join(full, '**/*.test.{ts,mts,js,mjs}') : full
}
