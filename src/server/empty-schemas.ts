import { type TObject, Type } from 'typebox'

// What we do not know is a mistake worth telling: nobody should believe that it had an effect.

/** A query string without parameters. */
export const noQuery: TObject<{}> = Type.Object({}, { additionalProperties: false })

/** A body that is absent, empty, or `{}`. */
export const noBody: TObject<{}> = Type.Object({}, { additionalProperties: false })
