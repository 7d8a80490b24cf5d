import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { AssemblyFile, testBuiltIn } from '../helpers/assembly-file.ts'

const source = (name: string): string =>
  fileURLToPath(new URL(`../../src/${name}`, import.meta.url))

const connector = `
import { defineConnector } from 'carabiner'
import { Type } from 'typebox'
import { Check } from 'typebox/value'
import { own } from './lib/own.ts'
export default defineConnector({ name: 'mine', description: JSON.stringify({ own, checks: Check(Type.String(), 'x') }), setup() {} })
`

const program = `
import { loadAssembly } from '${source('assembly/load-assembly.ts')}'
import { isConnector } from '${source('connector/define-connector.ts')}'
import { Validator } from '${source('schema/validator.ts')}'
const loaded = await loadAssembly(process.argv[1], { env: {}, builtInFolder: '${testBuiltIn}', validator: new Validator() })
const found = loaded.kind === 'valid' ? loaded.assembly.connectors[0].connector : loaded.problems
console.log(JSON.stringify({ shared: isConnector(found), found: found.description ?? found }))
`

/** A process of its own, so that nothing of this test's own imports is at hand. */
async function loadInProcess(file: AssemblyFile): Promise<{ printed: unknown; warnings: string }> {
  const flags = ['--conditions=source', '--input-type=module', '--eval', program, file.file]
  const { stdout, stderr } = await promisify(execFile)(process.execPath, flags, {
    cwd: file.folder,
  })
  return { printed: JSON.parse(stdout), warnings: stderr }
}

describe('a connector file in a folder of its own', () => {
  for (const [folder, packageJson] of [
    ['without a package.json', undefined],
    ['whose package.json says CommonJS', '{ "type": "commonjs" }'],
    ['whose package.json says nothing', '{}'],
  ] as const) {
    it(`${folder}: shares the host's modules, imports its own files, and nobody is warned`, async () => {
      using file = new AssemblyFile('connectors: [./mine.ts]\n')
      await file.write('mine.ts', connector)
      await file.write('lib/own.ts', 'export const own: string = "mine"\n')
      if (packageJson !== undefined) await file.write('package.json', packageJson)

      const { printed, warnings } = await loadInProcess(file)

      assert.deepEqual(printed, { shared: true, found: '{"own":"mine","checks":true}' })
      assert.equal(warnings, '')
    })
  }

  it('finds packages of its own beside it, and CommonJS as Node does', async () => {
    using file = new AssemblyFile('connectors: [./mine.js]\n')
    await file.write('node_modules/left/index.js', 'exports.left = require("./right.cjs")')
    await file.write('node_modules/left/right.cjs', 'module.exports = "right"')
    await file.write(
      'mine.js',
      'import { left } from "left"\nimport { defineConnector } from "carabiner"\nexport default defineConnector({ name: "mine", description: left, setup() {} })',
    )

    const { printed, warnings } = await loadInProcess(file)

    assert.deepEqual(printed, { shared: true, found: 'right' })
    assert.equal(warnings, '')
  })
})
