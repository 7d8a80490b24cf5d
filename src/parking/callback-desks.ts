import type { CallbackDesk } from './callbacks.ts'

/** The desks of a host's assemblies: while one takes over from another there are two. */
export class CallbackDesks {
  #desks: readonly CallbackDesk[] = []

  /** The one that serves; `undefined`: callbacks are off. */
  get current(): CallbackDesk | undefined {
    return this.#desks.at(-1)
  }

  /** From now on this one serves, until it is disposed: then the one before it, if that is still there. */
  add(desk: CallbackDesk): Disposable {
    const place: CallbackDesk = {
      url: (id) => desk.url(id),
      sign: (id) => desk.sign(id),
      resolved: (callback) => desk.resolved(callback),
    }
    this.#desks = [...this.#desks, place]
    return {
      [Symbol.dispose]: () => {
        this.#desks = this.#desks.filter((each) => each !== place)
      },
    }
  }
}
