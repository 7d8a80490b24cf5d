import type { EndpointDefinition } from '../endpoint.ts'

/** Endpoints that no assembly names: there may be a million, and each is looked up when something is to be sent to it. */
export interface EndpointFamily {
  /** What their ids begin with, to tell them from all others: `subscription/`. */
  readonly prefix: string
  /**
   * Endpoints as they are now, at most 1,000 asked for at once. One left out is gone: what waits for it is cancelled.
   *
   * A rejection decides nothing: what is stored waits, and it is asked again.
   */
  resolve(ids: readonly string[]): Promise<readonly EndpointDefinition[]>
  /** `lastError` of deliveries that are cancelled because their endpoint is gone. @defaultValue `endpoint gone` */
  readonly goneReason?: string
}

/** A family that is known, until it is disposed: what waits for its endpoints stays in the store then, untried. */
export interface RegisteredFamily extends Disposable {
  /**
   * What is known of these is over: they are looked up again before anything more is sent to them, and what waits for those that are gone is
   * cancelled. Other hosts look again within a second by themselves.
   *
   * @throws {CarabinerError} STORE_UNAVAILABLE: what waits for those that are gone may still wait, and is cancelled when it is due
   */
  changed(ids: readonly string[]): Promise<void>
  /** Undoes what a 410 of this endpoint did: what is sent to it from now on is delivered again. @throws {CarabinerError} STORE_UNAVAILABLE */
  welcome(id: string): Promise<void>
  /**
   * Resolves when every host on the store goes by what is stored now, and by nothing that was before: at once when this host is the only one,
   * in less than two seconds otherwise.
   */
  noticed(): Promise<void>
}
