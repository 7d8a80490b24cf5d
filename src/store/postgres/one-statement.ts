import type { Statement, Value } from './database.ts'
import { placeholders } from './parameters.ts'

/** A routine of the schema, and what it is called with. */
export interface RoutineCall {
  readonly routine: string
  readonly values: readonly Value[]
  /** Another one, whose result it is called with before all that. */
  readonly of?: RoutineCall
}

/** Calls of routines in one statement, and so in one transaction and one round trip, one after the other; the results are `r0`, `r1` … */
export function oneStatement(
  schema: string,
  calls: readonly RoutineCall[],
): { readonly statement: Statement; readonly values: readonly Value[] } {
  const values: Value[] = []
  const textOf = ({ routine, values: own, of }: RoutineCall): string => {
    const inner = of === undefined ? '' : `${textOf(of)}, `
    const first = values.length + 1
    values.push(...own)
    return `${schema}.${routine}(${inner}${placeholders(own.length, first)})`
  }
  const columns = calls.map((call, index) => `${textOf(call)} AS r${index}`)
  const name = calls.map(({ routine }) => routine).join(' ')
  return { statement: { name, text: `SELECT ${columns.join(', ')}` }, values }
}
