import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { AssemblyFile } from '../helpers/assembly-file.ts'
import { badFiles } from './bad-files.ts'

describe('a file that is wrong', () => {
  for (const { wrong, yaml, at, says, expects, env, beside } of badFiles) {
    it(`${wrong}: says where, what, and what was expected`, async () => {
      using assembly = new AssemblyFile(yaml)
      for (const [name, text] of Object.entries(beside ?? {})) await assembly.write(name, text)

      const problems = await assembly.problems(env)

      assert.equal(problems.length, 1, JSON.stringify(problems, undefined, 1))
      const [problem] = problems
      assert.match(problem?.message ?? '', says)
      assert.match(problem?.expected ?? '', expects)
      assert.deepEqual([problem?.line, problem?.column], at)
      if (wrong !== '10 MB') assert.match(problem?.excerpt ?? '', /^\d+ \| .*\n[ \t]+\^+$/)
    })
  }

  it('is not one of a handful', () => {
    assert.ok(badFiles.length >= 100)
  })
})
