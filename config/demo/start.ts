/**
 * What `npm start` runs: an approval service and a receiver, each a process of its own, then the host on
 * `config/carabiner.yaml`. Three events go through it; then it keeps serving.
 */
import { type ChildProcess, fork, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { bold, dim, green, red, yellow } from './ink.ts'

interface Delivered {
  readonly kind: 'delivered'
  readonly id: string
  readonly traceId: string
  readonly verified: readonly string[]
}

interface Answer {
  readonly data?: {
    readonly results: readonly { readonly connector: string; readonly value: unknown }[]
  }
  readonly error?: { readonly details: { readonly by: string; readonly reason: string } }
}

const key = process.env['CARABINER_MANAGEMENT_KEY'] ?? 'demo-management-key'
const assembly = fileURLToPath(new URL('../carabiner.yaml', import.meta.url))
const cli = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))
const children: ChildProcess[] = []
const arrived: Delivered[] = []
let stopping = false
const traceId = `demo-${randomUUID()}`

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => stopAll(signal))
}

await startService('policy')
const warehouse = await startService('warehouse')
const url = await startHost()

console.log(`${bold('Carabiner')} is up. What happens to an event:\n`)
await showAllowed()
await showVetoed()
await showDelivered()
console.log(whereToLook(url))

/** An event that nobody objects to: it happens. */
async function showAllowed(): Promise<void> {
  const { data } = await dispatch({ component: 'web', amount: 512 })
  console.log(`${green('1  allowed')}    adjust web to 512 MiB`)
  console.log(`   before     webhooks/policy was asked over HTTP and said nothing against it`)
  console.log(`   on         adjuster answered ${JSON.stringify(data?.results[0]?.value)}`)
  console.log(
    `   after      a delivery to webhooks/warehouse was stored before this line was printed\n`,
  )
}

/** An event that the external policy stops, with its reason. */
async function showVetoed(): Promise<void> {
  const { error } = await dispatch({ component: 'db-main', amount: 2048 })
  console.log(`${yellow('2  vetoed')}     adjust db-main to 2048 MiB`)
  console.log(
    `   before     ${error?.details.by} cancelled it: ${bold(error?.details.reason ?? 'no reason')}`,
  )
  console.log(`   on, after  did not run; nothing is owed to anybody\n`)
}

/** The delivery that the first event owed, as it arrived. */
async function showDelivered(): Promise<void> {
  const { id, verified } = await delivery()
  console.log(`${green('3  delivered')}  after:adjust arrived at the warehouse`)
  console.log(`   webhook-id ${id}`)
  console.log(`   signature  verified by the receiver: ${bold(verified.join(', '))}\n`)
}

async function dispatch(params: object): Promise<Answer> {
  const response = await fetch(`${url}/api/v1/dispatch/adjust`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'x-internal-api-key': key,
      'x-trace-id': traceId,
      'x-actor': 'npm start',
    },
    body: JSON.stringify(params),
  })
  return (await response.json()) as Answer // the outcome, as docs/dispatch.md gives it
}

function delivery(): Promise<Delivered> {
  const isWanted = (each: Delivered): boolean => each.traceId === traceId
  return new Promise((resolve) => {
    const look = (): void => {
      const found = arrived.find(isWanted)
      if (found !== undefined) resolve(found)
    }
    warehouse.on('message', look)
    look()
  })
}

/** Starts one of the two services and waits until it listens. */
async function startService(name: 'policy' | 'warehouse'): Promise<ChildProcess> {
  const file = fileURLToPath(new URL(`./${name}.ts`, import.meta.url))
  const child = fork(file, { execArgv: ['--conditions=source'] })
  children.push(child)
  child.on('message', (message: { readonly kind: string }) => {
    if (message.kind === 'delivered') arrived.push(message as Delivered)
  })
  child.on('exit', (code) =>
    stopAll('SIGTERM', code === 0 || code === null ? undefined : `${name} ended`),
  )
  await once(child, 'message')
  return child
}

/** Starts the host and waits for its first line, which names the listeners. */
async function startHost(): Promise<string> {
  const child = spawn(
    process.execPath,
    ['--conditions=source', cli, 'run', '--config', assembly, '--json', '--log-level', 'warn'],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  children.push(child)
  child.on('exit', (code) =>
    stopAll('SIGTERM', code === 0 || code === null ? undefined : 'the host ended'),
  )
  for await (const line of createInterface({ input: child.stdout })) {
    const { listeners } = JSON.parse(line) as {
      readonly listeners: readonly { readonly url: string }[]
    }
    child.stdout.resume()
    return listeners[0]?.url ?? ''
  }
  throw new Error('the host ended before it listened')
}

function whereToLook(address: string): string {
  const header = `-H 'x-internal-api-key: ${key}'`
  return `${bold('Where to look next')} ${dim('(this terminal keeps serving; Ctrl-C stops)')}
  try it        curl -s ${header} ${address}/api/v1/dispatch/adjust --json '{"component":"db","amount":300}'
  in order      npm run -s carabiner -- explain adjust
  deliveries    npm run -s carabiner -- deliveries list
  decisions     npm run -s carabiner -- audit list
  a dry run     npm run -s carabiner -- dispatch adjust --dry-run --params '{"component":"db","amount":300}'
  health        ${address}/health
  the assembly  config/carabiner.yaml; docs/assembly.md explains it
  your own      npm run -s carabiner -- init ../my-host`
}

/** Ends all processes; with a complaint, says so and fails. */
function stopAll(signal: NodeJS.Signals, complaint?: string): void {
  if (stopping) return
  stopping = true
  if (complaint !== undefined)
    console.error(red(`${complaint}; is another demonstration still running?`))
  process.exitCode = complaint === undefined ? 0 : 1
  for (const child of children.toReversed()) child.kill(signal)
}
