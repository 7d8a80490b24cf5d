// A host that is gone in the middle of taking a webhook in: `node dying-host.ts STORE CALLBACK before|after`, the commit.
import { openStore } from '../../../../src/store/open-store.ts'
import type { Store } from '../../../../src/store/store.ts'
import { startIngress } from '../ingress-host.ts'

const [store = '', callback = '', when = ''] = process.argv.slice(2)
const host = await startIngress({
  callback,
  store,
  opened: dying(await openStore(store)),
})
process.send?.(host.project.url)

function dying(real: Store): Store {
  return new Proxy(real, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target)
      if (typeof value !== 'function') return value
      if (name !== 'enqueue') return value.bind(target)
      return async (...args: Parameters<Store['enqueue']>) => {
        if (when === 'after') await target.enqueue(...args)
        process.kill(process.pid, 'SIGKILL')
        // Nothing of this process goes on.
        await new Promise(() => undefined)
      }
    },
  })
}
