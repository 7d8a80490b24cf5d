import { type SignatureScheme, signatureSchemes } from 'carabiner'

/** @throws {TypeError} when there is none of that name: configuration is checked before */
export function schemeNamed(name: string): SignatureScheme {
  const scheme = signatureSchemes.find((each) => each.name === name)
  if (scheme === undefined) throw new TypeError(`no signature scheme \`${name}\``)
  return scheme
}

/** A scheme that prescribes its header in another one. */
export function schemeIn(name: string, header: string): SignatureScheme {
  const scheme = schemeNamed(name)
  if (scheme.withHeader === undefined) throw new TypeError(`\`${name}\` has its own headers`)
  return scheme.withHeader(header)
}
