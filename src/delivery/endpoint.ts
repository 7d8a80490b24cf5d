import type { Rate } from '../quantity/rate.ts'
import type { AdmissionVerdict, DeliveryAtHand } from './delivery-at-hand.ts'
import type { DeliveryStep, StepRecords } from './delivery-step.ts'
import type { EndpointEgress } from './egress/egress-options.ts'
import type { EndpointTls } from './endpoint-tls.ts'
import type { RetryPolicy } from './retry-policy.ts'

/** A receiver of deliveries: where, how signed, how often, how patiently. */
export interface EndpointDefinition {
  /** `<connector id>/<webhook name>`: deliveries in the store are found by it after a restart. */
  readonly id: string
  readonly url: string
  /** Rules for its connections. @defaultValue `host.egress`: for URLs that stand in the assembly */
  readonly egress?: EndpointEgress
  /** Hosts it may be at, they and what is below them. A delivery to another one is dead, untried: `Domain not authorized`. @defaultValue any */
  readonly authorizedDomains?: readonly string[]
  /**
   * What `webhook-id`, `Idempotency-Key` and signatures carry: the id of the message, which all its receivers have in common, or of the delivery.
   * A redelivery carries that of the delivery it repeats.
   *
   * @defaultValue `message`
   */
  readonly identity?: 'message' | 'delivery'
  /** Under which it is counted in metrics. @defaultValue its id; of one in a family the prefix, without the last `/` */
  readonly metricsLabel?: string
  /**
   * The check in `/health` that tells of it: an error while its circuit is not closed, a 410 has disabled it, or the last question was not answered
   * (`questions` of what `endpoint` returns). Requests show it, nothing is probed. Everybody may read the name. Endpoints that give the same one share the check. Not for one in a family.
   *
   * @defaultValue none: deliveries wait for it, and the host is well
   */
  readonly health?: string
  /** @defaultValue what the runtime trusts, and no certificate of ours */
  readonly tls?: EndpointTls
  /** Added to every request. Lower-case names. */
  readonly headers: Readonly<Record<string, string>>
  /** Secrets that are valid now; the first one signs first. */
  readonly secrets: readonly string[]
  /** Names of signature schemes, see `signing/schemes.ts`. */
  readonly signatures: readonly string[]
  /** One request, from queue to last byte. */
  readonly timeoutMs: number
  readonly retry: RetryPolicy
  /** Requests at once. */
  readonly concurrency: number
  /** Requests per interval; `undefined`: as many as concurrency lets through. */
  readonly rate: Rate | undefined
  readonly circuitBreaker: CircuitBreakerOptions | false
  /** Bytes of a reply that are read. */
  readonly replyLimit: number
  /**
   * Asked before each request, in the delivery's place in its queue, after limits and circuit: whether it is sent. It may take its time: the lease is
   * kept meanwhile, and ends with the host's stop, which aborts the signal.
   *
   * Asked at least once: a host that dies meanwhile leaves the question to the next. What it throws counts as `again`; STORE_UNAVAILABLE, and whatever
   * comes after the signal, gives the delivery back without a try. Not asked for `ask`.
   *
   * @defaultValue everything is sent
   */
  readonly admit?: (delivery: DeliveryAtHand) => AdmissionVerdict | Promise<AdmissionVerdict>
  /**
   * What is written in one commit with what comes of each attempt, or of giving up without one: all of it, or neither. Has to return at once and not
   * throw. Not asked for a delivery that is given back.
   *
   * @defaultValue nothing
   */
  readonly beside?: (step: DeliveryStep) => StepRecords
  /** Called with a non-empty reply of a successful delivery. */
  readonly onReply?: (reply: {
    readonly contentType: string
    readonly body: Uint8Array
    readonly traceId: string
    /** Of the message that was answered; what the reply causes stands one deeper. */
    readonly depth: number
  }) => void | Promise<void>
}

/** When an endpoint that keeps failing is left alone, and for how long. */
export interface CircuitBreakerOptions {
  /** Consecutive transport failures that open the circuit. @defaultValue 5 */
  readonly failureThreshold: number
  /** Milliseconds until an open circuit lets one probe through. @defaultValue 30,000 */
  readonly recoveryTimeoutMs: number
  /** Whether a 5xx answer counts as a failure. @defaultValue false */
  readonly count5xx: boolean
}
