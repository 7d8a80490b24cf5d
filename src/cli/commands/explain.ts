import { printDuration } from '../../quantity/duration.ts'
import type { ConfigureCommand, Run } from '../command.ts'
import type { CliContext } from '../context.ts'
import { exitCode } from '../exit.ts'
import { type Explanation, rehearse } from '../rehearsal.ts'
import { renderTable } from '../table.ts'

export const configureExplain: ConfigureCommand = (command, act) => {
  command.argument('<event>', 'name of the event').action(act(explain))
}

const explain: Run = async (context, _options, event) => {
  await using rehearsal = await rehearse(context)
  const explanation = rehearsal.explain(String(event))
  if (context.options.json) context.terminal.printJson(explanation)
  else sayExplanation(context, explanation)
  return exitCode.done
}

function sayExplanation({ terminal }: CliContext, explanation: Explanation): void {
  for (const phase of ['before', 'on', 'after'] as const) {
    terminal.print(terminal.style('bold', `${phase} ${explanation.event}`))
    const rows = explanation[phase].map((handler) => ({
      ...handler,
      timeout: handler.timeoutMs === null ? null : printDuration(handler.timeoutMs),
      place: handler.line === null ? handler.file : `${handler.file}:${handler.line}`,
    }))
    const columns = [
      'connector',
      'name',
      'kind',
      'priority',
      'timeout',
      'onFailure',
      'mode',
      'decision',
      'place',
    ]
    const text = rows.length === 0 ? 'nothing' : renderTable(rows, columns)
    terminal.print(text.replaceAll(/^/gm, '  '))
  }
  const mayPark = explanation.before.some(({ decision }) => decision === 'callback')
  const worstCase = printDuration(explanation.worstCaseMs)
  terminal.print(`worst case: ${worstCase}${mayPark ? ', beside the time it is parked' : ''}`)
}
