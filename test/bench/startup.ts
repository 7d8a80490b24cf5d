import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { type Bench, median } from './bench.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))

/** Start of the default assembly to its first dispatch, as whole processes, in turn with a Node that does nothing. */
export const startupBench: Bench = {
  title: 'Start',
  question:
    'How long from an empty process to the first outcome on `config/carabiner.yaml` (floor: 5 × `node -e 0`)? Whole processes, warm compile cache.',
  moreIsBetter: false,
  async run() {
    const dispatch = ['--conditions=source', 'src/cli/main.ts', '--config', 'config/carabiner.yaml']
    const ours = [...dispatch, 'dispatch', 'check', '--wait', '0']
    const times = { ours: [] as number[], nothing: [] as number[] }
    timed(ours) // fills the compile cache
    for (let round = 0; round < 11; round += 1) {
      times.ours.push(timed(ours))
      times.nothing.push(timed(['-e', '0']))
    }
    return [
      {
        name: 'start to first dispatch',
        unit: 'ms',
        ours: median(times.ours),
        peers: { 'node -e 0': median(times.nothing) },
      },
    ]
  },
}

function timed(args: readonly string[]): number {
  const start = performance.now()
  const { status, stderr } = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8' })
  if (status !== 0) throw new Error(`node ${args.join(' ')} exited with ${status}: ${stderr}`)
  return performance.now() - start
}
