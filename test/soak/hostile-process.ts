import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

/** Receivers that misbehave, in a process of their own. */
export interface HostileProcess extends AsyncDisposable {
  /** URL without a path; see `HostilePath`. */
  readonly hostile: string
  /** URL of a listener that accepts no connection. */
  readonly never: string
}

export async function startHostileProcess(): Promise<HostileProcess> {
  const file = new URL('hostile-child.ts', import.meta.url).pathname
  const child = spawn(process.execPath, ['--conditions=source', file], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const { value, done } = await createInterface({ input: child.stdout })
    [Symbol.asyncIterator]()
    .next()
  assert.ok(done !== true, 'the hostile endpoints did not start')
  return {
    ...JSON.parse(value),
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL')
      await ended
    },
  }
}
