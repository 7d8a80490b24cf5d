/**
 * YAML's own grammar ends a plain text at `{`, `: ` and ` #`: `{ port: ${PORT} }` and `${GREETING:-a: b}` would fall apart.
 * So what stands inside `${…}` is written with stand-ins of the same length while YAML is parsed, and put back in every text.
 */
const reference = /\$\{[A-Za-z_][A-Za-z0-9_]*(?::-[^{}"'\\\n]*)?\}/g
const guarded = '{}[],:# '
/** Noncharacters: they mean nothing in any text. */
const firstStandIn = 0xfdd0

const standIns = new RegExp(
  `[${String.fromCharCode(firstStandIn)}-${String.fromCharCode(firstStandIn + guarded.length - 1)}]`,
  'g',
)

/** Offset of a character that may not be in the file because it is a stand-in; -1 without one. */
export function findStandIn(text: string): number {
  return text.search(standIns)
}

export function guardReferences(text: string): string {
  return text.replace(reference, (matched) =>
    matched.replace(/[{}[\],:# ]/g, (character) =>
      String.fromCharCode(firstStandIn + guarded.indexOf(character)),
    ),
  )
}

export function restoreReferences(text: string): string {
  return text.replace(
    standIns,
    (character) => guarded[character.charCodeAt(0) - firstStandIn] ?? character,
  )
}
