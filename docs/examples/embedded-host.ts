import { createLogger, loadAssembly, type RunningHost, startHost, Validator } from 'carabiner'

/**
 * Starts a host within this program. End it with `await host.stop()`, or hold it with `await using`.
 *
 * @param file - the assembly
 * @param env - such as `process.env`: variables that the assembly refers to
 * @param write - takes the lines of the log, secrets masked
 * @throws {Error} the assembly is invalid: says every problem, with its place
 */
export async function startEmbedded(
  file: string,
  env: Readonly<Record<string, string | undefined>>,
  write: (line: string) => void,
): Promise<RunningHost> {
  const validator = new Validator({ allErrors: true })
  const loaded = await loadAssembly(file, { env, validator })
  if (loaded.kind === 'invalid') {
    const lines = loaded.problems.map(({ line, column, message }) => `${line}:${column} ${message}`)
    throw new Error(`${file} is invalid: ${lines.join('; ')}`)
  }
  const { assembly } = loaded
  const { name, log: logging } = assembly.host
  const log = await createLogger({
    name,
    level: logging.level,
    format: 'json',
    redactor: assembly.redactor,
    write,
  })
  return startHost({ assembly, validator, log })
}
