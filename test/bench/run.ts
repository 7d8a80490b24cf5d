/** `npm run bench [-- NAME…]`: runs the benchmarks and writes their results, with date, machine and command, to docs/benchmarks.md. */
import { readFileSync, writeFileSync } from 'node:fs'
import { cpus, totalmem } from 'node:os'
import { type Bench, type BenchReport, type DetailedBench, markdownOf } from './bench.ts'
import { callbacksBench } from './callbacks/callbacks.ts'
import { backlogBench } from './delivery/backlog.ts'
import { drainBench } from './delivery/drain.ts'
import { enqueueBench } from './delivery/enqueue.ts'
import { latencyBench } from './delivery/latency.ts'
import { publishBench } from './delivery/publish.ts'
import { retainedBench } from './delivery/retained.ts'
import { scale } from './delivery/scale.ts'
import { dispatchBench } from './dispatch.ts'
import { ingestBench } from './ingress/ingest.ts'
import { recordsBench } from './records.ts'
import { searchBench } from './search.ts'
import { senderBench } from './sender.ts'
import { startupBench } from './startup.ts'
import { storeBench } from './store.ts'
import { fanOutBench } from './subscriptions/fan-out.ts'
import { manyBench } from './subscriptions/many.ts'
import { publishEventBench } from './subscriptions/publish-event.ts'

const benches: Readonly<Record<string, Bench | DetailedBench>> = {
  dispatch: dispatchBench,
  startup: startupBench,
  store: storeBench,
  records: recordsBench,
  search: searchBench,
  callbacks: callbacksBench,
  sender: senderBench,
  drain: drainBench,
  enqueue: enqueueBench,
  publish: publishBench,
  latency: latencyBench,
  retained: retainedBench,
  backlog: backlogBench,
  events: publishEventBench,
  ingest: ingestBench,
  'fan-out': fanOutBench,
  subscriptions: manyBench,
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
  try {
    await measure(name, bench)
  } catch (error) {
    // The others can still be measured; this one can be asked for by its name.
    console.error(`${name} failed:`, error)
    process.exitCode = 1
  }
}

async function measure(name: string, bench: Bench | DetailedBench): Promise<void> {
  console.log(`\n${bench.title}: ${bench.question}`)
  const start = performance.now()
  const { rows, remarks } = await reportOf(bench)
  const results = [markdownOf(rows, bench.moreIsBetter), remarks].filter((each) => each !== '')
  const seconds = Math.round((performance.now() - start) / 1_000)
  console.log(`\n${results.join('\n\n')}\n(${seconds} s)`)
  if (scale.full) record(name, bench, results)
  else console.log('less than is promised: not recorded')
}

async function reportOf(bench: Bench | DetailedBench): Promise<BenchReport> {
  const ran = await bench.run()
  return 'rows' in ran ? ran : { rows: ran, remarks: '' }
}

/** Replaces the benchmark's section of the page. */
function record(
  name: string,
  { title, question }: Bench | DetailedBench,
  results: readonly string[],
): void {
  const section = `<!-- ${name} -->\n${[`## ${title}`, question, ...results, circumstances(name)].join('\n\n')}\n<!-- /${name} -->`
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
