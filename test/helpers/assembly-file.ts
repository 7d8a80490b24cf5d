import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Assembly } from '../../src/assembly/assembly.ts'
import { type LoadedFile, loadAssembly } from '../../src/assembly/load-assembly.ts'
import type { Problem } from '../../src/assembly/problem.ts'
import { Validator } from '../../src/schema/validator.ts'

/** The connectors `courier` and `meter`, which the tests of assemblies take for the built-in ones. */
export const testBuiltIn: string = fileURLToPath(new URL('../assembly/built-in', import.meta.url))

/** A folder of its own, outside the repository, with an assembly and what lies beside it. */
export class AssemblyFile implements Disposable {
  readonly folder: string = mkdtempSync(join(tmpdir(), 'assembly-'))
  readonly file: string = join(this.folder, 'carabiner.yaml')

  constructor(text: string | Uint8Array) {
    writeFileSync(this.file, text)
  }

  async write(name: string, text: string): Promise<void> {
    const file = join(this.folder, name)
    await mkdir(dirname(file), { recursive: true })
    await writeFile(file, text)
  }

  load(
    env: Readonly<Record<string, string>> = {},
    builtInFolder: string = testBuiltIn,
  ): Promise<LoadedFile> {
    return loadAssembly(this.file, { env, builtInFolder, validator: new Validator() })
  }

  async assembly(env?: Readonly<Record<string, string>>): Promise<Assembly> {
    const loaded = await this.load(env)
    if (loaded.kind === 'valid') return loaded.assembly
    throw new Error(loaded.problems.map(({ line, message }) => `${line}: ${message}`).join('\n'))
  }

  async problems(env?: Readonly<Record<string, string>>): Promise<readonly Problem[]> {
    const loaded = await this.load(env)
    return loaded.kind === 'invalid' ? loaded.problems : []
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true })
  }
}
