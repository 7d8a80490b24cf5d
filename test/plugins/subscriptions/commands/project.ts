import { type CliResult, carabiner, carabinerJson } from '../../../helpers/cli.ts'
import type { ProjectFolder } from '../../../helpers/start-host.ts'

export const ops = 'agent://acme/ops'
export const rival = 'agent://rival/bot'
export const secret = 'a-secret-of-this-test'

/** An assembly whose events stay in a file. */
export function assembly({ store = 'sqlite:./store.db', more = '', connectors = '' } = {}): string {
  return `host: { store: "${store}", server: { port: 0 } }
connectors: { subscriptions: subscriptions${connectors} }
subscriptions:
  event_types: any
  rate_limit: false
  api_keys: [{ key: key-of-the-operators, owner: "${ops}" }]
  egress: { default: trusted, http: true, ports: any }
${more}`
}

/** Runs `carabiner subscriptions …` in a folder. */
export function runner({ path: cwd }: Pick<ProjectFolder, 'path'>) {
  const words = (args: readonly string[]): string[] => ['subscriptions', ...args]
  const json = async (...args: string[]) => {
    const run = await carabinerJson(words(args), { cwd })
    // Each test says which objects it expects.
    return { ...run, json: run.json as Readonly<Record<string, unknown>> & readonly Row[] }
  }
  return {
    run: (...args: string[]): Promise<CliResult> => carabiner(words(args), { cwd }),
    json,
    /** Subscribes a URL and gives the id. */
    async add(url: string, ...more: string[]): Promise<string> {
      const { json: added } = await json('add', url, '--owner', ops, '--types', '*', ...more)
      return String(added['subscription_id'])
    },
    /** Publishes an event, leaves it to the hosts, and gives its id. */
    async publish(type: string, payload = '{}'): Promise<string> {
      const args = ['--owner', ops, '--type', type, '--payload', payload, '--wait', '0']
      const { json: published } = await json('publish', ...args)
      return String(published['event_id'])
    },
  }
}

type Row = Readonly<Record<string, unknown>>
