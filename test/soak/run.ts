/**
 * `npm run soak [NAME…]`: the large counts, in full. Resumable: what has passed is remembered in `.soak/`, so a soak that was
 * interrupted goes on with the next step. Writes docs/reliability.md.
 */
import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { systemClock } from '../../src/clock.ts'
import type { Sender } from '../../src/delivery/sender.ts'
import { createGotSender } from '../../src/delivery/senders/got-sender.ts'
import type { SenderOptions } from '../../src/delivery/senders/sender-options.ts'
import { createUndiciSender } from '../../src/delivery/senders/undici-sender.ts'
import { makeCertificate } from '../helpers/certificate.ts'
import { holdPromise } from './hold-promise.ts'
import { hostileDeliveries } from './hostile-deliveries.ts'
import { ingressFuzz } from './ingress-fuzz.ts'
import { ingressKills } from './ingress-kills.ts'
import { isolation } from './isolation.ts'
import { killHost } from './kill-host.ts'
import { killHostProcess } from './kill-host-process.ts'
import { oneProbe } from './one-probe.ts'
import { ordered } from './ordered.ts'
import { parkedKills } from './parked/parked-kills.ts'
import { publishThrough } from './publish-through.ts'
import { redeliverDead } from './redeliver-dead.ts'
import { replayMany } from './replay-many.ts'
import { retention } from './retention.ts'
import { sharedRate } from './shared-rate.ts'
import { type SharedStoreReport, sharedStore } from './shared-store.ts'
import { goingAway, type StaleReport, staleSockets } from './stale-sockets.ts'

interface Step {
  readonly promise: string
  /** Throws when the promise is broken; resolves to what was counted. */
  readonly run: () => Promise<Readonly<Record<string, number>>>
}

const staleSocketsPromise =
  '10,000 POSTs while the receiver closes or resets idle connections at random: none fails visibly, each is replayed at most once, none after it was answered'
const goingAwayPromise =
  '10,000 POSTs over HTTP/2 while the receiver ends sessions at random: none fails visibly, each is replayed at most once, none after it was answered'

const steps: Readonly<Record<string, Step>> = {
  'kill-host': {
    promise:
      '`kill -9` of the host at random moments, 200 times over 10,000 deliveries on SQLite: every committed one arrives, duplicates only of what was in flight',
    run: () => killHost({ kills: 200, messages: 10_000 }),
  },
  'shared-store-kills': {
    promise:
      '`kill -9` of one of three hosts on one PostgreSQL, 200 times over 10,000 deliveries: every committed one arrives, duplicates only of what was in flight',
    run: () => sharedStore({ trouble: 'host-killed', times: 200, messages: 10_000 }),
  },
  'shared-store-restarts': {
    promise:
      'PostgreSQL crashes and comes back 20 times under three hosts that commit 10,000 messages: every committed one arrives, once',
    run: () => onceEach(sharedStore({ trouble: 'server-restarted', times: 20, messages: 10_000 })),
  },
  'shared-store-cuts': {
    promise:
      'All connections to PostgreSQL are cut 100 times under three hosts that commit 10,000 messages: every committed one arrives, once',
    run: () => onceEach(sharedStore({ trouble: 'connections-cut', times: 100, messages: 10_000 })),
  },
  'kill-host-process': {
    promise:
      '`kill -9` of `carabiner run` at random moments, 50 times over 2,000 dispatches over HTTP: every completed one arrives, duplicates only of what was in flight and with the same id',
    run: () => killHostProcess({ kills: 50, messages: 2000 }),
  },
  'publish-host-killed': {
    promise:
      '`kill -9` of `carabiner run` on SQLite, 40 times while 50 clients publish 2,000 events with idempotency keys until each has its answer: one event and one set of deliveries per key, duplicates only of what was in flight and with the same id',
    run: () => publishThrough({ trouble: 'host-killed', times: 40, events: 2000 }),
  },
  'publish-host-of-three-killed': {
    promise: 'the same with one of three hosts on one PostgreSQL killed each time',
    run: () => publishThrough({ trouble: 'host-of-three-killed', times: 40, events: 2000 }),
  },
  'publish-server-restarted': {
    promise: 'the same while PostgreSQL crashes and comes back 20 times: nothing arrives twice',
    run: () => publishThrough({ trouble: 'server-restarted', times: 20, events: 2000 }),
  },
  'publish-connections-cut': {
    promise: 'the same while all connections to PostgreSQL are cut 40 times: nothing arrives twice',
    run: () => publishThrough({ trouble: 'connections-cut', times: 40, events: 2000 }),
  },
  retention: {
    promise:
      'ten million deliveries with their attempts over thirty days in a SQLite file that keeps eight: its size settles, claims take as long as in an empty store',
    run: () => retention({ attempts: 10_000_000 }),
  },
  ordered: {
    promise:
      '100 keys × 100 messages, a fifth of the requests refused, three hosts on one PostgreSQL of which one is killed: strictly in order for each key',
    run: () => ordered({ keys: 100, messages: 100, speed: 4 }),
  },
  'shared-rate': {
    promise:
      'three hosts on one PostgreSQL send 6,000 messages to an endpoint with `rate: 50/s`: no second, wherever it begins, has more than 55 requests',
    run: () => sharedRate({ messages: 6_000, perSecond: 50, most: 55 }),
  },
  'one-probe': {
    promise:
      'an endpoint hangs up on three hosts for 60 recovery times: one request in each, whichever host sends it, no other try is used up, and everything arrives, once, when it is back',
    run: () => oneProbe({ intervals: 60, messages: 300, speed: 20 }),
  },
  'hold-promise': {
    promise:
      '1,000 dispatches against endpoints that misbehave: none is held longer than its deadline + 50 ms (plus the event loop’s delay)',
    run: () => holdPromise({ dispatches: 1000 }),
  },
  'hostile-deliveries': {
    promise:
      '100 deliveries each to ten kinds of hostile receivers (drip, endless, gzip bomb, header flood, reset, half-open, 1xx storm …): every attempt ends by its deadline + 1 s, memory grows by less than 50 MiB, a healthy endpoint gets everything at the first try',
    run: () => hostileDeliveries({ each: 100 }),
  },
  'redeliver-dead': {
    promise:
      'a redelivery of 100,000 dead deliveries, its host killed with `kill -9` at 40 %: the next host goes on, none is repeated twice; live events beside it',
    run: () => redeliverDead({ dead: 100_000, baselineMs: 20_000 }),
  },
  'replay-many': {
    promise:
      '`carabiner subscriptions replay` of 5,000 events beside a running host, interrupted by Ctrl-C and, once more, by `kill -9`, and gone on with as it said: none twice, none left out',
    run: async () => {
      const asked = await replayMany({ events: 5_000, by: 'SIGINT' })
      const killed = await replayMany({ events: 5_000, by: 'SIGKILL' })
      const left = 'replayed after'
      assert.ok(asked[left] > 0 && killed[left] > 0, 'it was never interrupted')
      return { events: 5_000, 'after Ctrl-C': asked[left], 'after kill -9': killed[left] }
    },
  },
  'ingress-fuzz': {
    promise:
      '10,000 requests to the ingress connector of any method, path, headers and body, a good part of them nearly right: none is answered with a mistake of ours or outside of the envelope, and nothing piles up (MB of heap)',
    run: () => ingressFuzz({ requests: 10_000 }),
  },
  'ingress-kills': {
    promise:
      '`kill -9` of a host that takes webhooks, 50 times while a provider posts 5,000, each until it is answered: every one is delivered under one id, duplicates only of what was in flight',
    run: () => ingressKills({ kills: 50, webhooks: 5_000 }),
  },
  'parked-kills': {
    promise:
      '`kill -9` of `carabiner run` on SQLite, 50 times over 2,500 dispatches that wait for approvals and workers: every one answered with 202 is done as it was decided, no phase begins twice, those that were in on or after are HOST_LOST and no others, no callback is left over',
    run: () => parkedKills({ hosts: 1, kills: 50, dispatches: 2_500, missed: 'every-second' }),
  },
  'parked-host-of-three-killed': {
    promise: 'the same with one of three hosts on one PostgreSQL killed each time',
    run: () => parkedKills({ hosts: 3, kills: 50, dispatches: 2_500, missed: 'every-second' }),
  },
  isolation: {
    promise:
      '1,000 endpoints of which 10 hang and take half the traffic and one has a backlog of a million: the others get everything, once (p99 in ms, beside the same minute without)',
    run: async () => ({
      ...(await isolation({
        endpoints: 1000,
        backlog: 1_000_000,
        messages: 10_000,
        perSecond: 300,
      })),
    }),
  },
  'stale-sockets-got': {
    promise: `decisions: ${staleSocketsPromise}`,
    run: () => stale(createGotSender, staleSockets),
  },
  'stale-sockets-undici': {
    promise: `deliveries: ${staleSocketsPromise}`,
    run: () => stale(createUndiciSender, staleSockets),
  },
  'going-away-got': {
    promise: `decisions: ${goingAwayPromise}`,
    run: () => stale(createGotSender, goingAway),
  },
  'going-away-undici': {
    promise: `deliveries: ${goingAwayPromise}`,
    run: () => stale(createUndiciSender, goingAway),
  },
}

/** Where no host is killed, nothing arrives twice. */
async function onceEach(running: Promise<SharedStoreReport>): Promise<SharedStoreReport> {
  const report = await running
  assert.equal(report.duplicates, 0)
  return report
}

async function stale(
  open: (options: SenderOptions) => Sender,
  post: typeof goingAway,
): Promise<Record<string, number>> {
  const certificate = makeCertificate()
  const egress = { default: 'trusted', allow: [], http: true, ports: 'any', proxy: null } as const
  await using sender = open({ egress, clock: systemClock, tls: { ca: certificate.cert } })
  const report: StaleReport = await post(sender, 10_000, certificate)
  assert.deepEqual(report.failures, [])
  assert.deepEqual(report.afterReply, [])
  assert.ok(report.mostSeen <= 2, `one request was seen ${report.mostSeen} times`)
  assert.ok(report.givenUp > 0 && report.replayed > 0, 'nothing went away: this proves nothing')
  const { posts, givenUp, replayed } = report
  return { posts, 'given up': givenUp, replayed }
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
