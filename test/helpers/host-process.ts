import { type CliProcess, spawnCarabiner } from './cli.ts'
import { type Answered, request } from './served-host.ts'
import type { ProjectFolder } from './start-host.ts'

/** A host of its own process, started with `carabiner run` and listening. */
export interface HostProcess extends AsyncDisposable {
  readonly url: string
  readonly child: CliProcess['child']
  readonly err: () => string
  /** Resolves when standard error has said it. @throws when the process ends before */
  said(pattern: RegExp): Promise<void>
  exit(): Promise<number | NodeJS.Signals>
  get(path: string): Promise<Answered>
  dispatch(
    event: string,
    params: object,
    headers?: Readonly<Record<string, string>>,
  ): Promise<Answered>
}

export interface HostProcessOptions {
  readonly env?: Readonly<Record<string, string>>
  /** Words before `run`. */
  readonly args?: readonly string[]
  readonly headers?: Readonly<Record<string, string>>
}

/** Starts the host of a folder's `carabiner.yaml`; resolves when it listens. Killed when it is disposed. */
export async function runHost(
  folder: Pick<ProjectFolder, 'path'>,
  { env = {}, args = [], headers = {} }: HostProcessOptions = {},
): Promise<HostProcess> {
  const process = spawnCarabiner([...args, '--json', 'run'], { cwd: folder.path, env })
  const { listeners } = JSON.parse(await process.line())
  const url: string = listeners[0].url
  const ended = process.exit().then((code) => {
    throw new Error(`the host ended with ${code}: ${process.err()}`)
  })
  ended.catch(() => undefined) // only of interest to who waits for its words
  return {
    url,
    child: process.child,
    err: process.err,
    said: (pattern) => Promise.race([process.said(pattern), ended]),
    exit: process.exit,
    get: (path) => request(`${url}${path}`, { headers }),
    dispatch: (event, params, more = {}) =>
      request(`${url}/api/v1/dispatch/${event}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers, ...more },
        body: JSON.stringify(params),
      }),
    [Symbol.asyncDispose]: () => process[Symbol.asyncDispose](),
  }
}
