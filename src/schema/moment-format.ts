/**
 * RFC 3339 §5.6. `ajv-formats` also lets offsets of hours alone (`+05`) and any white space for the `T` through; no `Date` reads the
 * former.
 */
const form = /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:?\d\d)$/

/** Narrows the check of `date-time` to what can be read as a moment, but for leap seconds. */
export function readableMoment(isDateTime: (text: string) => boolean): (text: string) => boolean {
  return (text) => form.test(text) && isDateTime(text)
}
