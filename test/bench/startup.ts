import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type Bench, type BenchRow, median, type Promised } from './bench.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const rounds = 21
const promised: Promised = { floor: 5, goal: 5 }

// Starts a host and dispatches one event, `check`; the checks themselves are next to nothing.
const check = ['--config', 'config/carabiner.yaml', 'check']
const commands = {
  built: ['dist/src/cli/main.js', ...check],
  sources: ['--conditions=source', 'src/cli/main.ts', ...check],
  nothing: ['-e', '0'],
}
type Command = keyof typeof commands

/** Start of the default assembly to its first dispatch, as whole processes, in turn with a Node that does nothing. */
export const startupBench: Bench = {
  title: 'Start',
  question:
    'How long from an empty process to the first outcome on `config/carabiner.yaml` and out again (`carabiner check`)? Whole processes, warm compile cache; CPU is user and system time.',
  moreIsBetter: false,
  async run() {
    runNode(['--conditions=source', 'tools/build.ts'])
    for (const command of Object.values(commands)) runNode(command) // fills the compile cache

    const samples = Array.from({ length: rounds }, () => ({
      built: measure('built'),
      sources: measure('sources'),
      nothing: measure('nothing'),
    }))
    const wall = (command: Command): number => median(samples.map((each) => each[command].wallMs))
    const cpu = (command: Command): number => mean(samples.map((each) => each[command].cpuMs))
    return [
      row('built, time', wall('built'), wall('nothing'), promised),
      row('built, CPU', cpu('built'), cpu('nothing'), promised),
      row('from sources, time', wall('sources'), wall('nothing')),
      row('from sources, CPU', cpu('sources'), cpu('nothing')),
    ]
  },
}

function row(name: string, ours: number, nothing: number, bounds?: Promised): BenchRow {
  const peer = 'node -e 0'
  return {
    name,
    unit: 'ms',
    ours,
    peers: { [peer]: nothing },
    ...(bounds && { promises: { [peer]: bounds } }),
  }
}

function measure(command: Command): { readonly wallMs: number; readonly cpuMs: number } {
  const cpuBefore = cpuOfChildrenMs()
  const start = performance.now()
  runNode(commands[command])
  return { wallMs: performance.now() - start, cpuMs: cpuOfChildrenMs() - cpuBefore }
}

function runNode(args: readonly string[]): void {
  const { status, stderr } = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8' })
  if (status !== 0) throw new Error(`node ${args.join(' ')} exited with ${status}: ${stderr}`)
}

/** User and system time of the children that have ended, which Linux counts in hundredths of a second: means, no medians. */
function cpuOfChildrenMs(): number {
  const [, fields = ''] = readFileSync('/proc/self/stat', 'utf8').split(') ')
  const [user = 0, system = 0] = fields.split(' ').slice(13, 15).map(Number)
  return (user + system) * 10
}

function mean(numbers: readonly number[]): number {
  return numbers.reduce((sum, each) => sum + each, 0) / numbers.length
}
