import { execFile } from 'node:child_process'
import { nodeEnvironment } from './node-environment.ts'

export interface Ran {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** Runs Node with these arguments, in a process of its own, to its end. */
export function runFile(
  args: readonly string[],
  cwd: string,
  env: Readonly<Record<string, string>> = {},
): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const options = { cwd, env: nodeEnvironment(env), timeout: 60_000 }
    execFile(process.execPath, args, options, (error, out, err) => {
      if (error === null) resolve({ code: 0, out, err })
      else if (typeof error.code === 'number') resolve({ code: error.code, out, err })
      else reject(error)
    })
  })
}
