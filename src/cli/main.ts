#!/usr/bin/env node
import { enableCompileCache } from 'node:module'
import { constants } from 'node:os'
import type { CliContext } from './context.ts'

enableCompileCache()
const { runProgram } = await import('./program.ts')

const stopping = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    if (stopping.signal.aborted) process.exit(128 + constants.signals[signal])
    stopping.abort(signal)
  })
}

const surroundings: Omit<CliContext, 'terminal' | 'options'> = {
  env: process.env,
  cwd: process.env['INIT_CWD'] ?? process.cwd(),
  signal: stopping.signal,
  async stdin() {
    const chunks: Uint8Array[] = []
    for await (const chunk of process.stdin) chunks.push(chunk)
    return Buffer.concat(chunks)
  },
  ask: process.stdin.isTTY && process.stderr.isTTY ? askOnTerminal : undefined,
  onHangUp(run) {
    process.on('SIGHUP', run)
    return { [Symbol.dispose]: () => process.off('SIGHUP', run) }
  },
}

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0)
  throw error
})
process.exitCode = await runProgram(
  process.argv.slice(2),
  surroundings,
  process.stdout,
  process.stderr,
)
// The work is done: a handler that outlived its deadline must not keep the process.
await Promise.all([flushed(process.stdout), flushed(process.stderr)])
process.exit()

/** Resolves when everything written has left, or nobody reads it any more. */
function flushed(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => stream.write('', () => resolve()))
}

async function askOnTerminal(question: string): Promise<string> {
  const { createInterface } = await import('node:readline/promises')
  const lines = createInterface({ input: process.stdin, output: process.stderr })
  try {
    return await lines.question(question, { signal: stopping.signal })
  } finally {
    lines.close()
  }
}
