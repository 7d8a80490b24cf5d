/**
 * `npm run soak [NAME…]`: the large counts, in full. Resumable: what has passed is remembered in `.soak/`, so a soak that was
 * interrupted goes on with the next step. Writes docs/reliability.md.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { holdPromise } from './hold-promise.ts'
import { killHost } from './kill-host.ts'
import { goneSessions, staleSockets } from './stale-sockets.ts'

interface Step {
  readonly promise: string
  /** Throws when the promise is broken; resolves to what was counted. */
  readonly run: () => Promise<Readonly<Record<string, number>>>
}

const steps: Readonly<Record<string, Step>> = {
  'kill-host': {
    promise:
      '`kill -9` of the host at random moments, 50 times over 2,000 after-webhooks: every committed one arrives',
    run: () => killHost({ kills: 50, messages: 2000 }),
  },
  'hold-promise': {
    promise:
      '1,000 dispatches against endpoints that misbehave: none is held longer than its deadline + 50 ms (plus the event loop’s delay)',
    run: () => holdPromise({ dispatches: 1000 }),
  },
  'stale-sockets': {
    promise:
      '10,000 POSTs while the server closes idle connections at random: none fails visibly, each is replayed at most once',
    run: () => staleSockets(10_000),
  },
  'gone-sessions': {
    promise:
      '10,000 POSTs over HTTP/2 while the server ends sessions at random: none fails visibly, each is replayed at most once',
    run: () => goneSessions(10_000),
  },
}

interface Passed {
  readonly at: string
  readonly seconds: number
  readonly counts: Readonly<Record<string, number>>
}

const folder = new URL('../../.soak/', import.meta.url)
const page = new URL('../../docs/reliability.md', import.meta.url)
const asked = process.argv.slice(2)
mkdirSync(folder, { recursive: true })

for (const [name, step] of Object.entries(steps)) {
  if (asked.length > 0 ? !asked.includes(name) : passed(name) !== undefined) continue
  console.log(`${name}: ${step.promise}`)
  const start = performance.now()
  const counts = await step.run()
  const seconds = Math.round((performance.now() - start) / 1000)
  const result: Passed = { at: new Date().toISOString().slice(0, 10), seconds, counts }
  writeFileSync(new URL(`${name}.json`, folder), JSON.stringify(result))
  console.log(`  held in ${seconds} s: ${JSON.stringify(counts)}`)
}
writePage()

function passed(name: string): Passed | undefined {
  const file = new URL(`${name}.json`, folder)
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Passed) : undefined
}

function writePage(): void {
  const rows = Object.entries(steps).map(([name, { promise }]) => {
    const result = passed(name)
    if (result === undefined) return `| ${promise} | not yet | | |`
    const counts = Object.entries(result.counts).map(([what, count]) => `${what} ${count}`)
    return `| ${promise} | ${counts.join(', ')} | ${result.seconds} s | ${result.at} |`
  })
  const text = `# Reliability

What was tried at full scale, and what was counted. \`npm run soak\` tries what has not passed yet and rewrites this page;
\`npm test\` runs each at about a twentieth.

| promise | counted | took | on |
|---|---|---|---|
${rows.join('\n')}
`
  writeFileSync(page, text)
}
