import { mkdirSync, writeFileSync } from 'node:fs'
import { Session } from 'node:inspector/promises'
import { join } from 'node:path'

let profiles = 0

/**
 * `BENCH_PROFILE=/a/folder` keeps a CPU profile of every run there, from start to stop. It slows what it watches: such runs are not
 * for comparing. Disposing ends it.
 */
export async function startProfile(name: string): Promise<AsyncDisposable | undefined> {
  const folder = process.env['BENCH_PROFILE']
  if (folder === undefined) return undefined
  const session = new Session()
  session.connect()
  await session.post('Profiler.enable')
  await session.post('Profiler.start')
  return {
    async [Symbol.asyncDispose]() {
      const { profile } = await session.post('Profiler.stop')
      session.disconnect()
      mkdirSync(folder, { recursive: true })
      profiles += 1
      writeFileSync(join(folder, `${name}-${profiles}.cpuprofile`), JSON.stringify(profile))
    },
  }
}
