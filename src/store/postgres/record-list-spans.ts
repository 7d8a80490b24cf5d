/** Milliseconds of the spans of time that the index of texts knows: 17 minutes; and 18.6 hours, for what lies farther off. */
const shortSpanMs = 2 ** 20
const longSpanMs = 2 ** 26
const shortInLong = longSpanMs / shortSpanMs

/** The numbers of all spans that the times of a listing lie in, as SQL. */
export function spansOfListing(row: '' | 'l.'): string {
  const numbers = [0, 1, 2].flatMap((slot) =>
    [shortSpanMs, longSpanMs].map((spanMs) =>
      numberOf(`floor(${row}time_${slot} / ${spanMs})::bigint`, spanMs, `${slot}`),
    ),
  )
  return `array_remove(ARRAY[${numbers.join(', ')}], NULL)`
}

/** A number tells which of the times lies in the span, and the length of this, too. */
function numberOf(span: string, spanMs: number, slot: string): string {
  return `${span} * 8 + ${slot} * 2 + ${spanMs === longSpanMs ? 1 : 0}`
}

/** Which spans lie between two times. */
export function recordListSpanRoutine(schema: string): string {
  const number = (spanMs: number): string => numberOf('s.span', spanMs, 's_slot')
  return `
  -- The spans of a slot from one time on, up or down, to another: short ones to the end of a long one, then long ones. Null when there are more than so many.
  CREATE OR REPLACE FUNCTION ${schema}.spans_from(
    s_slot integer, s_from double precision, s_to double precision, s_is_up boolean, s_most integer
  ) RETURNS bigint[] LANGUAGE plpgsql IMMUTABLE AS $$
  DECLARE
    step constant integer := CASE WHEN s_is_up THEN 1 ELSE -1 END;
    first_long constant bigint := floor(s_from / ${longSpanMs})::bigint;
    last_long constant bigint := floor(s_to / ${longSpanMs})::bigint;
    last_short constant bigint := first_long * ${shortInLong} + CASE WHEN s_is_up THEN ${shortInLong - 1} ELSE 0 END;
  BEGIN
    IF abs(last_long - first_long) + ${shortInLong} > s_most THEN RETURN NULL; END IF;

    RETURN ARRAY(SELECT ${number(shortSpanMs)} FROM generate_series(floor(s_from / ${shortSpanMs})::bigint, last_short, step) AS s (span))
      || ARRAY(SELECT ${number(longSpanMs)} FROM generate_series(first_long + step, last_long, step) AS s (span));
  END $$;
  `
}
