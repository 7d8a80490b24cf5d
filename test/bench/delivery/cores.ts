import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

/** The system under test has a core of its own; receiver, databases and load share the others. */
export type Core = 'system' | 'others'

/** Whether processes can be told where to run: with `taskset`, on two cores or more. */
export const pinned: boolean = allowedCores().length > 1 && hasTaskset()

/** The command that runs `command` on the cores given; the command itself where that cannot be said. */
export function onCore(core: Core, command: readonly string[]): readonly string[] {
  if (!pinned) return command
  const [first, ...others] = allowedCores()
  const list = core === 'system' ? String(first) : others.join(',')
  return ['taskset', '--cpu-list', list, ...command]
}

/** The cores that this process may use. */
function allowedCores(): number[] {
  if (process.platform !== 'linux') return []
  const [, list = ''] =
    /^Cpus_allowed_list:\s*(\S+)$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? []
  return list.split(',').flatMap((range) => {
    const [from = 0, to = from] = range.split('-').map(Number)
    return Array.from({ length: to - from + 1 }, (_, index) => from + index)
  })
}

function hasTaskset(): boolean {
  return spawnSync('taskset', ['--version']).status === 0
}
