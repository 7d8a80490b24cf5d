/** How a duration is written: a number of seconds, or `1h30m`, `500ms`, `1.5s`, `2d`, `1w`. */
export type DurationText = number | string
