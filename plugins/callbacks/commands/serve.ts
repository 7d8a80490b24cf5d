import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import {
  CarabinerError,
  type ConnectorCommand,
  messageOf,
  numberOption,
  type Store,
  systemClock,
  textOption,
  usageError,
} from 'carabiner'
import { type CallbackRoutesConfig, nodeCallbacks } from 'carabiner/callbacks'
import type { CallbacksConfig } from '../config.ts'
import { pathPrefixProblem } from '../path-prefix.ts'
import type { Context } from './options.ts'

/** `carabiner callbacks serve`: the three routes and `/health`, beside hosts that run elsewhere. */
export const serve: ConnectorCommand<CallbacksConfig> = {
  name: 'serve',
  description:
    'Serves the three routes and /health, and nothing else, on the store of the assembly',
  standalone: true,
  options: [
    { flags: '--host <host>', description: 'where to listen (default: 127.0.0.1)' },
    { flags: '--port <port>', description: '0: any free port (default: 4000)' },
    { flags: '--path-prefix <path>', description: 'default: the stanza’s' },
    {
      flags: '--secret <secret>',
      description: '64 hex digits, or @FILE; again while it is rotated (default: the stanza’s)',
      repeatable: true,
    },
    { flags: '--allow-unsigned', description: 'everybody may answer who can reach the routes' },
  ],
  run: serveCallbacks,
}

/** A request that is under way when the program is stopped has so long. */
const drainMs = 30_000
const headersMs = 10_000
const requestMs = 30_000

async function serveCallbacks(context: Context): Promise<number> {
  const routes = await routesConfig(context)
  await using store = await context.openStore()
  const server = serverOf(context, store, routes)
  const connections = openConnections(server)
  const url = await listen(context, server)
  if (routes.allowUnsigned === true) context.say('answers are taken unsigned')
  context.say(`listening on ${url} (callbacks); Ctrl-C stops`)
  if (context.json) {
    const listeners = [{ url, serve: ['callbacks'] }]
    context.print(JSON.stringify({ kind: 'listening', listeners }))
  }
  if (!context.signal.aborted) await once(context.signal, 'abort')
  await drain(server, connections)
  return 0
}

/** What was said on the command line, else in the stanza. */
async function routesConfig(context: Context): Promise<CallbackRoutesConfig> {
  const { options } = context
  // Without an assembly that has the connector there is none.
  const config: Partial<CallbacksConfig> | undefined = context.config
  const secret = await secretsOf(context)
  const isUnsigned = options['allowUnsigned'] === true
  const access =
    secret.length > 0 || isUnsigned
      ? { secret, allowUnsigned: isUnsigned }
      : { secret: config?.secret, allowUnsigned: config?.allow_unsigned }
  return {
    ...access,
    signatures: isUnsigned ? [] : config?.signatures,
    pathPrefix: prefixOption(context) ?? config?.path_prefix,
    actor: access.allowUnsigned === true ? 'callback:unsigned' : 'callback:signed',
    onError: (error) => context.say(`an answer was not stored: ${messageOf(error)}`),
  }
}

/** @throws {CarabinerError} USAGE for what no path can begin with */
function prefixOption(context: Context): string | undefined {
  const prefix = textOption(context, 'pathPrefix')
  const problem = prefix === undefined ? undefined : pathPrefixProblem(prefix)
  if (problem !== undefined) throw usageError(`--path-prefix: ${problem}`)
  return prefix
}

async function secretsOf(context: Context): Promise<readonly string[]> {
  const given = context.options['secret']
  const sources = Array.isArray(given) ? given : []
  return Promise.all(
    sources.map(async (source) =>
      Buffer.from(await context.read(source))
        .toString('utf8')
        .trim(),
    ),
  )
}

/** @throws {CarabinerError} SECRET_INVALID */
function serverOf(context: Context, store: Store, routes: CallbackRoutesConfig): Server {
  const callbacks = nodeCallbacks(store, routes)
  const server = createServer((request, response) => {
    // A connection that is kept for further requests would hold up the end.
    response.once('finish', () => {
      if (context.signal.aborted) setImmediate(() => server.closeIdleConnections())
    })
    callbacks(request, response, (error) => {
      if (error !== undefined) return send(response, 500, { error: 'internal server error' })
      if (isForHealth(request)) void tellHealth(store, response)
      else send(response, 404, { error: 'not found' })
    })
  })
  server.headersTimeout = headersMs
  server.requestTimeout = requestMs
  return server
}

function isForHealth({ method, url }: IncomingMessage): boolean {
  return (method === 'GET' || method === 'HEAD') && url?.split('?', 1)[0] === '/health'
}

/** Never rejects. */
async function tellHealth(store: Store, response: ServerResponse): Promise<void> {
  const ok = await store.ping().then(
    () => true,
    () => false, // Why is nobody's business who asks without a key.
  )
  const status = ok ? 'ok' : 'degraded'
  const checks = { [store.name]: { status: ok ? 'ok' : 'error' } }
  send(response, ok ? 200 : 503, { ok, status, checks })
}

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' })
  response.end(JSON.stringify(body))
}

/** @throws {CarabinerError} LISTEN_FAILED */
async function listen(context: Context, server: Server): Promise<string> {
  const host = textOption(context, 'host') ?? '127.0.0.1'
  const port = numberOption(context, 'port', { fallback: 4_000, least: 0, most: 65_535 })
  try {
    await once(server.listen({ host, port }), 'listening')
  } catch (error) {
    const message = `cannot listen on ${host}:${port}: ${messageOf(error)}`
    throw new CarabinerError('LISTEN_FAILED', message, { cause: error })
  }
  // A server that listens on TCP has an address with a port.
  const address = server.address() as AddressInfo
  return `http://${host.includes(':') ? `[${host}]` : host}:${address.port}`
}

function openConnections(server: Server): ReadonlySet<Socket> {
  const open = new Set<Socket>()
  server.on('connection', (socket) => {
    open.add(socket)
    socket.once('close', () => open.delete(socket))
  })
  return open
}

/** Takes no more connections; every request that has begun gets its answer. */
async function drain(server: Server, connections: ReadonlySet<Socket>): Promise<void> {
  using _limit = systemClock.after(drainMs, () => server.closeAllConnections())
  const closed = once(server, 'close')
  server.close()
  server.closeIdleConnections()
  // One on which nothing has come yet is not idle to Node: it waits for the first request.
  for (const each of connections) if (each.bytesRead === 0) each.destroy()
  await closed
}
