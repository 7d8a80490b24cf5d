import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { systemClock } from '../../clock.ts'
import { CarabinerError } from '../../errors.ts'
import { parseDuration } from '../../quantity/duration.ts'
import { cancelEvent, inspectSignatures } from '../../receiver.ts'
import type { ConfigureCommand, Run } from '../command.ts'
import type { CliContext } from '../context.ts'
import { exitCode } from '../exit.ts'

interface ListenFlags {
  readonly port: string
  readonly secret?: readonly string[]
  readonly fail?: string
  readonly latency?: string
  readonly cancel?: string
}

export const configureListen: ConfigureCommand = (command, act) => {
  command
    .option('--port <port>', 'where to listen on 127.0.0.1; 0: any free port', '8485')
    .option('--secret <secret...>', 'verify signatures with these secrets')
    .option('--fail <n>', 'answer 503: the first N requests, or a share of all (20%)')
    .option('--latency <duration>', 'wait so long before each answer')
    .option('--cancel <reason>', 'veto every before event with this reason')
    .action(act(listen))
}

const listen: Run<ListenFlags> = async (context, flags) => {
  const behaviour = behaviourOf(flags)
  const server = createServer((request, response) => {
    answer(context, behaviour, request, response).catch((error: unknown) =>
      response.destroy(error as Error),
    )
  })
  const { port } = await open(server, portOf(flags.port))
  const url = `http://127.0.0.1:${port}`
  if (context.options.json) context.terminal.printJson({ kind: 'listening', url }, true)
  context.terminal.say(`listening on ${url}; Ctrl-C stops`)

  await new Promise<void>((resolve) => {
    if (context.signal.aborted) resolve()
    context.signal.addEventListener('abort', () => resolve(), { once: true })
  })
  server.closeAllConnections()
  server.close()
  return exitCode.done
}

/** How the receiver treats requests. */
interface Behaviour {
  readonly secrets: readonly string[]
  readonly latencyMs: number
  readonly cancel: string | undefined
  /** Whether the request with this number, from 1, is answered 503. */
  readonly fails: (number: number) => boolean
  requests: number
}

function behaviourOf({ secret = [], fail, latency, cancel }: ListenFlags): Behaviour {
  if (secret.includes('')) throw new CarabinerError('USAGE', 'expected a secret, got an empty one')
  if (cancel === '') throw new CarabinerError('USAGE', 'expected a reason for --cancel')
  return {
    secrets: secret,
    latencyMs:
      latency === undefined ? 0 : parseDuration(latency, { zero: true, bareSeconds: true }),
    cancel,
    fails: failuresOf(fail),
    requests: 0,
  }
}

function failuresOf(fail: string | undefined): Behaviour['fails'] {
  if (fail === undefined) return () => false
  if (/^\d+$/.test(fail)) return (number) => number <= Number(fail)
  const percent = /^(\d{1,3})%$/.exec(fail)?.[1]
  if (percent !== undefined && Number(percent) <= 100)
    return () => Math.random() * 100 < Number(percent)
  throw new CarabinerError('USAGE', `expected --fail N or --fail 20%, got ${fail}`)
}

function portOf(text: string): number {
  const port = Number(text)
  if (/^\d+$/.test(text) && port <= 65_535) return port
  throw new CarabinerError('USAGE', `expected --port 0 to 65535, got ${text}`)
}

function open(server: ReturnType<typeof createServer>, port: number): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const why =
        error.code === 'EADDRINUSE' ? `port ${port} is taken; --port names another` : error.message
      reject(new CarabinerError('LISTEN_FAILED', `cannot listen: ${why}`, { cause: error }))
    })
    // A server that listens on TCP has an address with a port.
    server.listen(port, '127.0.0.1', () => resolve(server.address() as AddressInfo))
  })
}

async function answer(
  context: CliContext,
  behaviour: Behaviour,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  behaviour.requests += 1
  const number = behaviour.requests
  const body = await bodyOf(request)
  const { status, headers, text, verdict } = verdictOn(behaviour, number, request, body)
  report(context, { number, request, body, status, verdict })

  await systemClock.sleep(behaviour.latencyMs, context.signal)
  response.writeHead(status, headers).end(text)
}

interface Verdict {
  readonly status: number
  readonly headers: Record<string, string>
  readonly text: string
  readonly verdict: string
}

function verdictOn(
  behaviour: Behaviour,
  number: number,
  request: IncomingMessage,
  body: Uint8Array,
): Verdict {
  const { secrets, cancel } = behaviour
  const signature =
    secrets.length === 0 ? undefined : inspectSignatures(request.headers, body, secrets)
  const verdict = signature === undefined ? 'not verified (no --secret)' : signature.text
  if (signature?.verified === false) return { status: 401, headers: {}, text: verdict, verdict }
  if (behaviour.fails(number)) return { status: 503, headers: {}, text: '', verdict }
  if (cancel !== undefined && String(request.headers['x-servo-event']).startsWith('before:')) {
    const reply = cancelEvent(cancel)
    return { status: reply.status, headers: reply.headers, text: reply.body, verdict }
  }
  return { status: 204, headers: {}, text: '', verdict }
}

interface Report {
  readonly number: number
  readonly request: IncomingMessage
  readonly body: Uint8Array
  readonly status: number
  readonly verdict: string
}

function report(
  { terminal, options }: CliContext,
  { number, request, body, status, verdict }: Report,
): void {
  const { method, url, headers } = request
  const text = new TextDecoder().decode(body)
  if (options.json) {
    terminal.printJson(
      { kind: 'request', number, method, url, headers, body: text, signature: verdict, status },
      true,
    )
    return
  }
  const hook = headers['x-servo-event'] ?? headers['x-carabiner-channel'] ?? ''
  terminal.print(`${terminal.style('bold', `#${number} ${method} ${url}`)} ${hook} → ${status}`)
  terminal.print(`  signature: ${verdict}`)
  for (const name of ['webhook-id', 'x-carabiner-attempt', 'x-trace-id', 'content-type']) {
    if (headers[name] !== undefined) terminal.print(`  ${name}: ${headers[name]}`)
  }
  terminal.print(`  ${text.length > 2000 ? `${text.slice(0, 2000)}…` : text}`)
}

async function bodyOf(request: IncomingMessage): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  for await (const chunk of request) chunks.push(chunk as Uint8Array) // without an encoding, chunks are bytes
  return Buffer.concat(chunks)
}
