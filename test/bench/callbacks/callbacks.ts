import { type BenchReport, type DetailedBench, median, number, table } from '../bench.ts'
import { Arena } from '../delivery/arena.ts'
import { startRemote } from '../delivery/remote.ts'
import { scale } from '../delivery/scale.ts'
import { benchAnswered } from './answered.ts'
import type { AnswerCalls } from './load.ts'
import { benchMany, waitingOf } from './many.ts'
import { benchParked } from './parked.ts'

export const callbacksBench: DetailedBench = {
  title: 'Callbacks',
  question:
    'How many answers a second are taken over HTTP, verified and stored before they are answered, through our server (with a row of the audit trail each) and through `node:http`, beside the same routes on a store that keeps nothing? 64 connections, one core for the server. Does an answer, or a sweep, cost at most 1.5 times as much with a million callbacks that wait as with a thousand (floor: 1 ÷ 1.5)? How many dispatches that wait are taken through, how soon do they go on, and what is the burden of a million of them?',
  moreIsBetter: true,
  run: benchCallbacks,
}

async function benchCallbacks(): Promise<BenchReport> {
  await using arena = await Arena.open()
  await using load = await startRemote<AnswerCalls>('../callbacks/load.ts', 'others')
  const answered = await benchAnswered(arena, load)
  const parked = await benchParked(arena, load)
  const many = await benchMany(arena)
  const { here, elsewhere } = parked.latencies
  const waiting = waitingOf(scale.million)
  const lines = [
    line(`memory of a host, ${waiting}: more than with none`, many.grownMegabytes, 200, 'MB'),
    line(
      `from deadline to failure, sweep: 1s, ${waiting}, at most`,
      Math.max(...many.lateMs),
      1_100,
    ),
    line('from answer to on handler, our server, median', median(here), 1_000),
    line('the same, at most', Math.max(...here), 1_000),
    line(
      'from answer to on handler, another program on the store, median',
      median(elsewhere),
      1_000,
    ),
    line('the same, at most', Math.max(...elsewhere), 1_000),
  ]
  return {
    rows: [...answered.rows, ...many.rows, ...parked.rows],
    remarks: [
      table(['what', 'measured', 'floor', 'reached'], lines),
      answered.remarks,
      arena.remarks(),
    ]
      .filter((each) => each !== '')
      .join('\n\n'),
  }
}

function line(what: string, value: number, most: number, unit = 'ms'): readonly string[] {
  const reached = value <= most ? 'floor' : '**no**'
  return [what, `${number(value)} ${unit}`, `≤ ${most.toLocaleString('en')} ${unit}`, reached]
}
