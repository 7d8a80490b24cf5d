import { watch } from 'node:fs'
import { basename, dirname } from 'node:path'
import type { Assembly } from '../assembly/assembly.ts'
import { compareForReload } from '../assembly/reload.ts'
import { systemClock } from '../clock.ts'
import type { RunningHost } from '../host.ts'
import { type CliContext, shownPath } from './context.ts'
import { sayFailure } from './failure.ts'
import { readAssembly, sayProblems } from './load.ts'

/** Reads the assembly again whenever it is asked to, once at a time. What is asked while the host starts waits until it has. */
export class Reloads {
  readonly #context: CliContext
  readonly #begun = Promise.withResolvers<Begun>()
  #last: Promise<void> = Promise.resolve()

  constructor(context: CliContext) {
    this.#context = context
  }

  ask(): void {
    this.#last = this.#last.then(async () => {
      const begun = await this.#begun.promise
      if (!this.#context.signal.aborted) await reloadHost(this.#context, begun)
    })
  }

  /** Asks when the file was written: editors replace files, so its folder is watched; several writes at once count as one. */
  watch(file: string): Disposable {
    const name = basename(file)
    let settling: Disposable | undefined
    const watcher = watch(dirname(file), (_kind, changedName) => {
      if (changedName !== name) return
      settling?.[Symbol.dispose]()
      settling = systemClock.after(100, () => this.ask())
    })
    return {
      [Symbol.dispose]() {
        settling?.[Symbol.dispose]()
        watcher.close()
      },
    }
  }

  /** The host has started. */
  begin(host: RunningHost): void {
    this.#begun.resolve({ host, first: host.assembly })
  }
}

interface Begun {
  readonly host: RunningHost
  /** What it was started with. */
  readonly first: Assembly
}

async function reloadHost(context: CliContext, { host, first }: Begun): Promise<void> {
  const { terminal } = context
  const { file } = host.assembly
  const result = await readAssembly(context, file)
  if (result.kind === 'invalid') {
    sayProblems(context, result.problems)
    terminal.say('the old assembly goes on')
    return
  }
  for (const needs of compareForReload(first, result.assembly)) {
    terminal.say(`${needs} needs a restart: unchanged until then`)
  }
  try {
    terminal.redactWith(result.assembly.redactor)
    await host.reload(result.assembly, result.validator)
    terminal.say(`reloaded ${shownPath(context, file)}`)
  } catch (error) {
    sayFailure(error, context)
    terminal.say('the old assembly goes on')
  }
}
