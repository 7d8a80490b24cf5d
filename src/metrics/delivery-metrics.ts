import { Counter, type Registry } from 'prom-client'
import type { DeliveryObserver } from '../delivery/delivery-observer.ts'
import { TallyCounter, TallyHistogram } from './tallies.ts'

/** Seconds, from a commit without the disk to the longest wait for a lock. */
const storeBuckets = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5]
const attemptBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]
/** Seconds, from at once to the end of the longest schedule. */
const latencyBuckets = [0.005, 0.025, 0.1, 0.5, 1, 5, 30, 60, 300, 1_800, 3_600, 21_600, 86_400]

/** Endpoints that have a label of their own, in the order they were first sent to; the others share one: there may be a hundred thousand. */
const mostLabels = 100
const others = 'other'

/** Counts what the engine does. */
export function deliveryMetrics(registry: Registry): DeliveryObserver {
  const registers = [registry]
  const accepted = new Counter({
    name: 'carabiner_deliveries_accepted_total',
    help: 'Deliveries stored by this host',
    registers,
  })
  const attempts = new TallyCounter({
    name: 'carabiner_delivery_attempts_total',
    help: 'Requests of deliveries, by what they came to and by endpoint: the first hundred, then other',
    labelNames: ['outcome', 'endpoint'],
    registers,
  })
  const attemptDuration = new TallyHistogram({
    name: 'carabiner_delivery_attempt_duration_seconds',
    help: 'Time one request of a delivery took, from queue to last byte',
    buckets: attemptBuckets,
    registers,
  })
  const settled = new TallyCounter({
    name: 'carabiner_deliveries_settled_total',
    help: 'Deliveries settled by this host, by state',
    labelNames: ['state'],
    registers,
  })
  const latency = new TallyHistogram({
    name: 'carabiner_delivery_latency_seconds',
    help: 'Time from acceptance to settlement, by state',
    labelNames: ['state'],
    buckets: latencyBuckets,
    registers,
  })
  const firstAttempt = new TallyHistogram({
    name: 'carabiner_delivery_first_attempt_seconds',
    help: 'Time from acceptance to the start of the first request',
    buckets: latencyBuckets,
    registers,
  })
  const circuits = new Counter({
    name: 'carabiner_circuit_changes_total',
    help: 'Changes of circuits, by the state they went to',
    labelNames: ['state'],
    registers,
  })
  const redelivered = new Counter({
    name: 'carabiner_redelivered_total',
    help: 'Settled deliveries that redeliveries of many came to on this host, by what was done: made or skipped',
    labelNames: ['result'],
    registers,
  })
  const claimed = new Counter({
    name: 'carabiner_deliveries_claimed_total',
    help: 'Deliveries that this host has claimed from the store; those sent from memory were never claimed',
    registers,
  })
  const storeDuration = new TallyHistogram({
    name: 'carabiner_store_duration_seconds',
    help: 'Time the store took to answer, by operation: enqueue, claim or settle, each of many deliveries at once',
    labelNames: ['operation'],
    buckets: storeBuckets,
    registers,
  })
  const attemptsTo = new Map<string, AttemptTallies>()
  const attemptsOf = (endpoint: string): AttemptTallies => {
    const known = attemptsTo.get(endpoint)
    if (known !== undefined) return known
    if (attemptsTo.size >= mostLabels && endpoint !== others) return attemptsOf(others)
    const tallies = attemptTallies(attempts, endpoint)
    attemptsTo.set(endpoint, tallies)
    return tallies
  }
  const settledAs = {
    delivered: settled.under({ state: 'delivered' }),
    dead: settled.under({ state: 'dead' }),
    cancelled: settled.under({ state: 'cancelled' }),
  }
  const latencyUntil = {
    delivered: latency.under({ state: 'delivered' }),
    dead: latency.under({ state: 'dead' }),
    cancelled: latency.under({ state: 'cancelled' }),
  }
  const storeTook = {
    enqueue: storeDuration.under({ operation: 'enqueue' }),
    claim: storeDuration.under({ operation: 'claim' }),
    settle: storeDuration.under({ operation: 'settle' }),
  }
  const durations = attemptDuration.under({})
  const firstAttempts = firstAttempt.under({})
  return {
    accepted: (deliveries) => accepted.inc(deliveries),
    attempted({ outcome, endpoint, number, durationMs, sinceAcceptedMs }) {
      attemptsOf(endpoint)[outcome].add()
      durations.add(durationMs / 1_000)
      if (number === 1) firstAttempts.add(Math.max(0, sinceAcceptedMs) / 1_000)
    },
    settled(state, _endpoint, sinceAcceptedMs) {
      settledAs[state].add()
      latencyUntil[state].add(Math.max(0, sinceAcceptedMs) / 1_000)
    },
    circuit: (_endpoint, state) => circuits.inc({ state }),
    redelivered(deliveries, skipped) {
      redelivered.inc({ result: 'made' }, deliveries)
      redelivered.inc({ result: 'skipped' }, skipped)
    },
    stored(operation, tookMs, deliveries) {
      storeTook[operation].add(tookMs / 1_000)
      if (operation === 'claim') claimed.inc(deliveries)
    },
  }
}

type AttemptTallies = Readonly<
  Record<Parameters<DeliveryObserver['attempted']>[0]['outcome'], ReturnType<TallyCounter['under']>>
>

/** One for each outcome, so that a request costs no look for its labels. */
function attemptTallies(attempts: TallyCounter, endpoint: string): AttemptTallies {
  return {
    delivered: attempts.under({ outcome: 'delivered', endpoint }),
    retryable: attempts.under({ outcome: 'retryable', endpoint }),
    rejected: attempts.under({ outcome: 'rejected', endpoint }),
    gone: attempts.under({ outcome: 'gone', endpoint }),
    refused: attempts.under({ outcome: 'refused', endpoint }),
  }
}
