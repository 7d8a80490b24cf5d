import { type CliProcess, spawnCarabiner } from '../../helpers/cli.ts'
import { blocksOf } from '../../helpers/code-blocks.ts'
import { eventually } from '../../helpers/engine.ts'
import { freePort } from '../../helpers/free-port.ts'
import { type StartedProject, startProject } from '../../helpers/start-host.ts'
import {
  answerIn,
  openTerminal,
  type PromisedAnswer,
  type Terminal,
  withoutChance,
} from '../subscriptions/docs-page.ts'

/** What the page has its reader make up. */
const secrets = {
  MANAGEMENT_KEY: 'key-of-the-management',
  ACME_SECRET: 'a-secret-of-acme-alone',
  CALLBACK_SECRET: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
}

/** Follows docs/ingress.md from its first to its last command, as a reader does: one host, one receiver, one terminal. */
export interface DocsReader extends AsyncDisposable {
  /** Does what a block of the page says; what `curl` printed, if it is called. */
  follow(script: string): Promise<PromisedAnswer | undefined>
  /** What the receiver has told of each request, so far; it ends. */
  requests(): Promise<readonly { readonly signature: string; readonly status: number }[]>
}

export async function openReader(file: string): Promise<DocsReader> {
  const opened = new AsyncDisposableStack()
  const [port, receiverPort] = [await freePort(), await freePort()]
  const listening = opened.use(listen(receiverPort))
  await listening.line()
  const quickstart = blocksOf(file, 'yaml').find(({ text }) => text.includes('hooks.db'))
  const yaml = (quickstart?.text ?? '')
    .replace('127.0.0.1:8485', `127.0.0.1:${receiverPort}`)
    .replace('server: {', `server: { port: ${port},`)
  const project = opened.use(await startProject(yaml, { listen: true, env: secrets }))
  const terminal: Terminal = openTerminal(project.folder.path)
  const kept: Record<string, string> = { ...secrets }
  return {
    async follow(script) {
      if (/^carabiner (?:run|listen)/.test(script)) return undefined // runs already
      await eventually(() => isSettled(project))
      const out = await terminal.run(
        script.replaceAll('http://127.0.0.1:8484', project.url).replace(/^kill .*$/gm, ''),
        kept,
      )
      if (!script.includes('curl ')) return undefined
      const got = answerIn(out)
      keep(got, kept)
      return got
    },
    async requests() {
      listening.child.kill('SIGTERM')
      return restOf(listening)
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  }
}

/** With names in place of what is different each time. */
export function withoutNews(value: unknown): unknown {
  const text = JSON.stringify(withoutChance(value))
    .replaceAll(/"host":"127\.0\.0\.1:\d+"/g, '"host":"HOST"')
    .replaceAll(/"user-agent":"curl\/[^"]+"/g, '"user-agent":"CURL"')
    .replaceAll(/"duplicate:[\da-f-]{36}"/g, '"duplicate:ID"')
  return JSON.parse(text)
}

function listen(port: number): CliProcess {
  const args = ['listen', '--port', String(port), '--json', '--secret', secrets.CALLBACK_SECRET]
  return spawnCarabiner(args, { cwd: '.' })
}

async function isSettled({ host }: StartedProject): Promise<boolean> {
  const { rows } = await host.store.deliveries({ limit: 1_000 })
  return rows.every(({ state }) => state !== 'pending' && state !== 'sending')
}

/** What the page tells its reader to keep. */
function keep({ body }: PromisedAnswer, kept: Record<string, string>): void {
  const { eventId, replayRequestId } = Object(Object(body).data)
  if (eventId !== undefined) kept['EVENT'] = eventId
  if (replayRequestId !== undefined) kept['REPLAY'] = replayRequestId
}

async function restOf({ line }: CliProcess): ReturnType<DocsReader['requests']> {
  const told: { readonly signature: string; readonly status: number }[] = []
  for (;;) {
    const next = await line().catch(() => undefined) // it has ended
    if (next === undefined) return told
    told.push(JSON.parse(next))
  }
}
