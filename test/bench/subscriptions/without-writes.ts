import type { Store } from '../../../src/store/store.ts'

/** A store whose commits of messages and records do nothing, at once; everything else is as it was. */
export function withoutWrites(store: Store): Store {
  return new Proxy(store, {
    get(target, name) {
      if (name === 'enqueue') return () => Promise.resolve()
      const value: unknown = Reflect.get(target, name, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}
