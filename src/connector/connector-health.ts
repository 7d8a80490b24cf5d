import type { Clock } from '../clock.ts'
import { waitAtMost } from '../wait-at-most.ts'
import type { Check } from './check.ts'
import type { ConnectorInstance } from './lifecycle.ts'
import { runChecks } from './run-checks.ts'

/** Something that a connector's health depends on, and whether it is there. */
interface ConnectorHealthCheck {
  /** `<connector id>.<check id>` */
  readonly name: string
  readonly ok: boolean
  readonly detail?: string
}

/** Milliseconds a check has: what else is looked at does not wait for it any longer. */
const patienceMs = 1_500

/** Runs the checks that connectors want `/health` to look at: once at a time, however many ask. */
export class ConnectorHealth {
  readonly #clock: Clock
  #looking: Promise<readonly ConnectorHealthCheck[]> | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  look(connectors: readonly ConnectorInstance[]): Promise<readonly ConnectorHealthCheck[]> {
    this.#looking ??= this.#lookAt(connectors).finally(() => {
      this.#looking = undefined
    })
    return this.#looking
  }

  async #lookAt(
    connectors: readonly ConnectorInstance[],
  ): Promise<readonly ConnectorHealthCheck[]> {
    const looks = connectors.flatMap(({ id, connector: { checks = [] }, config }) =>
      checks
        .filter((check) => check.health?.(config) === true)
        .map((check) => this.#run(id, check, config)),
    )
    return Promise.all(looks)
  }

  async #run(id: string, check: Check, config: unknown): Promise<ConnectorHealthCheck> {
    const name = `${id}.${check.id}`
    const tooLate = new AbortController()
    const run = runChecks([{ id, checks: [check], config }], {}, this.#clock, tooLate.signal)
    let found: ConnectorHealthCheck = {
      name,
      ok: false,
      detail: `no answer within ${patienceMs / 1_000} s`,
    }
    const told = run.then(([result]) => {
      if (result?.status === 'passed') found = { name, ok: true }
      else found = { name, ok: false, detail: result?.message ?? check.name }
    })
    await waitAtMost(this.#clock, patienceMs, told)
    tooLate.abort()
    return found
  }
}
