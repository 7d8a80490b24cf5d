import { type TString, Type } from 'typebox'

/** A text to look for in the store, where no text has U+0000. */
export const storedText: TString = Type.String({ minLength: 1, pattern: '^[^\\u0000]*$' })
