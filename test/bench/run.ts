/** `npm run bench [NAME…]`: runs the benchmarks and writes their results, with date, machine and command, to docs/benchmarks.md. */
import { readFileSync, writeFileSync } from 'node:fs'
import { cpus, totalmem } from 'node:os'
import { type Bench, markdownOf } from './bench.ts'
import { dispatchBench } from './dispatch.ts'
import { startupBench } from './startup.ts'
import { storeBench } from './store.ts'

const benches: Readonly<Record<string, Bench>> = {
  dispatch: dispatchBench,
  startup: startupBench,
  store: storeBench,
}

const page = new URL('../../docs/benchmarks.md', import.meta.url)
const asked = process.argv.slice(2)
const unknown = asked.find((name) => !Object.hasOwn(benches, name))
if (unknown !== undefined) {
  console.error(`no benchmark \`${unknown}\`: expected ${Object.keys(benches).join(', ')}`)
  process.exit(2)
}

for (const [name, bench] of Object.entries(benches)) {
  if (asked.length > 0 && !asked.includes(name)) continue
  console.log(`\n${bench.title}: ${bench.question}`)
  const table = markdownOf(await bench.run(), bench.moreIsBetter)
  console.log(table)
  record(name, bench, table)
}

/** Replaces the benchmark's section of the page. */
function record(name: string, { title, question }: Bench, table: string): void {
  const section = `<!-- ${name} -->\n## ${title}\n\n${question}\n\n${table}\n\n${circumstances(name)}\n<!-- /${name} -->`
  const text = readFileSync(page, 'utf8')
  const standing = new RegExp(`<!-- ${name} -->[\\s\\S]*<!-- /${name} -->`)
  const next = standing.test(text)
    ? text.replace(standing, () => section)
    : `${text.trimEnd()}\n\n${section}\n`
  writeFileSync(page, next)
}

function circumstances(name: string): string {
  const date = new Date().toISOString().slice(0, 10)
  const machine = `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}, ${Math.round(totalmem() / 2 ** 30)} GiB`
  return `Measured ${date} on ${machine}, Node ${process.versions.node}: \`npm run bench -- ${name}\`.`
}
