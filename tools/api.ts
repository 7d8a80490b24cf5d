/**
 * `npm run api`: does what users can import still look as docs/api says, and what they can call over HTTP as carabiner.openapi.json says?
 * `npm run api -- --local` writes both anew.
 *
 * A change of a report is a change of the public interface: it is read in review and named in the changelog.
 */
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Extractor, ExtractorConfig, type ExtractorMessage } from '@microsoft/api-extractor'
import { writeDeclarations } from './declarations.ts'
import { isOpenApiUpToDate, writeOpenApi } from './openapi.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const declarations = join(root, '.cache/api')
const update = process.argv.includes('--local')

/** For reading declarations only; api-extractor brings a compiler of its own. */
const compilerOptions = {
  target: 'es2022',
  lib: ['es2023', 'esnext.disposable'],
  module: 'nodenext',
  types: ['node'],
  strict: true,
  skipLibCheck: true,
  // What was just written, whether or not there is a build.
  paths: { carabiner: [join(declarations, 'src/index.d.ts')] },
}

rmSync(declarations, { recursive: true, force: true })
writeDeclarations(declarations)
/** What users import, by the name of its report. */
const entries = {
  index: 'src/index',
  callbacks: 'src/callbacks',
  client: 'src/client',
  receiver: 'src/receiver',
  subscriptions: 'plugins/subscriptions/api',
  testing: 'src/testing',
}
const stale = Object.entries(entries).flatMap(([name, entry]) =>
  isUpToDate(name, entry) ? [] : [name],
)
if (stale.length > 0) {
  console.error(
    `docs/api is not up to date (${stale.join(', ')}): \`npm run api -- --local\` writes it`,
  )
  process.exit(1)
}
if (update) writeOpenApi()
else if (!isOpenApiUpToDate()) {
  console.error('carabiner.openapi.json is not up to date: `npm run api -- --local` writes it')
  process.exit(1)
}

function isUpToDate(name: string, entry: string): boolean {
  const file = join(declarations, `${entry}.d.ts`)
  const config = ExtractorConfig.prepare({
    configObjectFullPath: undefined,
    packageJsonFullPath: join(root, 'package.json'),
    configObject: {
      projectFolder: root,
      newlineKind: 'lf',
      mainEntryPointFilePath: file,
      compiler: { overrideTsconfig: { compilerOptions, files: [file] } },
      apiReport: {
        enabled: true,
        reportFileName: `${name}.api.md`,
        reportFolder: 'docs/api',
        reportTempFolder: declarations,
      },
    },
  })
  const { apiReportChanged, errorCount } = Extractor.invoke(config, {
    localBuild: update,
    messageCallback: settle,
  })
  return errorCount === 0 && (update || !apiReportChanged)
}

/** Errors are shown. How doc comments are written is our own business (`@defaultValue`, `@throws {…}`), not the report's. */
function settle(message: ExtractorMessage): void {
  if (message.category === 'Compiler') return
  message.handled = true
}
