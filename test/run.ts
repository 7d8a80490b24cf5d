/**
 * `npm test [PATTERN…]`: every test file, or those that match or lie in a folder that does. Files share processes, because to start one and warm it up takes longer
 * than the tests of most files. Each file runs alone, too: `node --conditions=source --test FILE`.
 */
import './helpers/compile-cache.ts'
import { globSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { run } from 'node:test'
import { spec } from 'node:test/reporters'
import { fileURLToPath } from 'node:url'
import { shareForTests } from './helpers/share-for-tests.ts'

const root = new URL('..', import.meta.url)
const folder = fileURLToPath(new URL('.cache/together', root))
const filesOfProcess = 10

async function runTests(patterns: readonly string[]): Promise<void> {
  const found = globSync(patterns.flatMap(filesBelow), { cwd: fileURLToPath(root) })
  const files = found.filter((file) => file.endsWith('.test.ts')).toSorted()
  if (files.length === 0) throw new TypeError(`no test file matches ${patterns.join(' ')}`)
  const stopping = new AbortController()
  process.once('SIGINT', () => stopping.abort())
  const tests = run({
    files: entryPoints(files),
    concurrency: 3,
    timeout: 240_000,
    execArgv: ['--conditions=source'],
    signal: stopping.signal,
  })
  tests.on('test:fail', () => {
    process.exitCode = 1
  })
  await pipeline(tests, spec(), process.stdout, { end: false })
}

/** A pattern, or the files of the folder that it names. */
function filesBelow(pattern: string): readonly string[] {
  return [pattern, `${pattern.replace(/\/+$/, '')}/**/*.test.ts`]
}

/** The last of the alphabet first: stores, packages and killed hosts wait the longest, and what is short had better be left for the end. */
function entryPoints(files: readonly string[]): readonly string[] {
  mkdirSync(folder, { recursive: true })
  const processes = Array.from({ length: Math.ceil(files.length / filesOfProcess) }, (_, index) =>
    entryPoint(files.slice(index * filesOfProcess, (index + 1) * filesOfProcess)),
  )
  return processes.toReversed()
}

/** A module that runs test files one after the other. Each is a suite, so that what it does before and after its tests stays its own. */
function entryPoint(files: readonly string[]): string {
  const [first = '', ...others] = files
  const path = join(folder, `${first.replaceAll('/', '-')}-and-${others.length}-more.ts`)
  const suites = files.map(
    (file) => `suite(${JSON.stringify(file)}, ${JSON.stringify(new URL(file, root))})`,
  )
  writeFileSync(path, [entryPointHead, ...suites, ''].join('\n'))
  return path
}

const entryPointHead = `import { describe, it } from 'node:test'

function suite(name: string, url: string): void {
  describe(name, () =>
    import(url).catch((error: unknown) => {
      it('loads', () => {
        throw error
      })
    }),
  )
}
`

await using _shared = await shareForTests()
await runTests(process.argv.length > 2 ? process.argv.slice(2) : ['test/**/*.test.ts'])
