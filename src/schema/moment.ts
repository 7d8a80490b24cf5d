import { type TString, Type } from 'typebox'

/** A moment in a request. Not a leap second, which no `Date` has. */
export const moment: TString = Type.String({ format: 'date-time', pattern: '^(?!.*:60)' })
