import type { ConfigureCommand } from './command.ts'

interface Entry {
  readonly summary: string
  readonly load: () => Promise<ConfigureCommand>
}

/** The host's own commands; each is loaded when it is asked for. */
export const commands: Readonly<Record<string, Entry>> = {
  init: {
    summary: 'write a working project: assembly, example connector, secrets, schema',
    load: async () => (await import('./commands/init.ts')).configureInit,
  },
  run: {
    summary: 'start the host and serve until it is told to stop',
    load: async () => (await import('./commands/run.ts')).configureRun,
  },
  dispatch: {
    summary: 'dispatch one event and print its outcome',
    load: async () => (await import('./commands/dispatch.ts')).configureDispatch,
  },
  validate: {
    summary: 'check an assembly and show everything that is wrong with it',
    load: async () => (await import('./commands/validate.ts')).configureValidate,
  },
  config: {
    summary: 'print the effective configuration, secrets masked',
    load: async () => (await import('./commands/config.ts')).configureConfig,
  },
  schema: {
    summary: 'print the JSON Schema of the assembly, or of one connector',
    load: async () => (await import('./commands/schema.ts')).configureSchema,
  },
  generate: {
    summary: 'write an assembly stanza for connectors',
    load: async () => (await import('./commands/generate.ts')).configureGenerate,
  },
  connectors: {
    summary: 'list the connectors that are installed',
    load: async () => (await import('./commands/connectors.ts')).configureConnectors,
  },
  show: {
    summary: 'list the events, connectors or handlers of the assembly',
    load: async () => (await import('./commands/show.ts')).configureShow,
  },
  explain: {
    summary: 'show what runs for an event, in order, and how long it can take',
    load: async () => (await import('./commands/explain.ts')).configureExplain,
  },
  check: {
    summary: 'run the checks of the connectors',
    load: async () => (await import('./commands/check.ts')).configureCheck,
  },
  test: {
    summary: "run connectors' tests",
    load: async () => (await import('./commands/test.ts')).configureTest,
  },
  deliveries: {
    summary: 'list, show, redeliver, cancel or erase deliveries',
    load: async () => (await import('./commands/deliveries.ts')).configureDeliveries,
  },
  keys: {
    summary: 'make, list or revoke API keys',
    load: async () => (await import('./commands/keys.ts')).configureKeys,
  },
  audit: {
    summary: 'list or verify the audit trail',
    load: async () => (await import('./commands/audit.ts')).configureAudit,
  },
  listen: {
    summary: 'a local receiver that verifies signatures and misbehaves on demand',
    load: async () => (await import('./commands/listen.ts')).configureListen,
  },
  version: {
    summary: 'print the version',
    load: async () => (await import('./commands/version.ts')).configureVersion,
  },
}
