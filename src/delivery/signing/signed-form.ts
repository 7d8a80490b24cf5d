import { CarabinerError } from '../../errors.ts'
import { schemeNamed } from './schemes.ts'

/**
 * A body in the form in which the signature schemes of an endpoint want it sent: canonical JSON under `pyfly`, for all
 * others the bytes as they are. Whoever makes a body for an endpoint puts it into this form before it is stored.
 *
 * @throws {CarabinerError} SIGNATURE_INVALID when a scheme has no form for it: `pyfly`, and a body that is not JSON
 * @throws {TypeError} for a scheme that does not exist
 */
export function signedForm(schemeNames: readonly string[], body: Uint8Array): Uint8Array {
  return schemeNames.reduce((bytes, name) => {
    const { form } = schemeNamed(name)
    if (form === undefined) return bytes
    const formed = form(bytes)
    if (formed !== undefined) return formed
    throw new CarabinerError('SIGNATURE_INVALID', `\`${name}\` has no form for such a body`)
  }, body)
}
