/**
 * A limit given by a parameter.
 *
 * The plus keeps SQLite from planning for its value: it would prepare the statement anew each time one is bound, which costs more than to run it.
 */
export const limited = 'LIMIT +?'
