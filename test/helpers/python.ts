import { execFileSync } from 'node:child_process'
import { describe, it } from 'node:test'

// The first may be one beside the system's, which alone has the system's packages.
const candidates = ['python3', '/usr/bin/python3']
const oldest = '3.10'

/**
 * Describes tests that need a Python with these modules.
 *
 * Without one they are skipped, with the reason. Where CARABINER_REQUIRE_PYTHON is set, as in CI, that is an error.
 *
 * @param body - gets the path of the program
 */
export function describePython(
  name: string,
  modules: readonly string[],
  body: (python: string) => void,
): void {
  const python = candidates.find((candidate) => has(candidate, modules))
  if (python !== undefined) {
    describe(name, { concurrency: 8 }, () => body(python))
    return
  }
  const reason = `needs ${[`Python ${oldest}`, ...modules].join(', ')}: none among ${candidates.join(', ')}`
  if (process.env['CARABINER_REQUIRE_PYTHON'] !== undefined) throw new Error(`${name} ${reason}`)
  describe(name, () => {
    it('is put to the test', { skip: reason })
  })
}

/** The environment of a Python that a test starts: it leaves nothing beside the sources. */
export function pythonEnvironment(
  env: Readonly<Record<string, string>> = {},
): Readonly<Record<string, string | undefined>> {
  const { PATH, HOME } = process.env
  return { PATH, HOME, PYTHONDONTWRITEBYTECODE: '1', ...env }
}

function has(path: string, modules: readonly string[]): boolean {
  const script = [
    'import sys, importlib.util',
    `assert sys.version_info >= (${oldest.replace('.', ', ')})`,
    'assert all(importlib.util.find_spec(name) for name in sys.argv[1:])',
  ].join('\n')
  try {
    execFileSync(path, ['-c', script, ...modules], { stdio: 'ignore', env: pythonEnvironment() })
    return true
  } catch {
    return false // Not there, too old, or without a module: all the same to a test.
  }
}
