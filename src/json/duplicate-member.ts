/** An object or array that is open at some place of the text. */
interface Container {
  /** Of an object: the names that have come; `undefined` of an array. */
  readonly names: Set<string> | undefined
  /** Of the member or item the place is in. */
  step: string | number
  /** Whether the next text is a member's name. */
  wantsName: boolean
}

/**
 * Where the first name stands that its object has already.
 *
 * @param text - JSON, known to be valid
 * @returns keys and indexes that lead to it, the innermost first; none when no name comes twice
 */
export function duplicateMember(text: string): readonly (string | number)[] {
  const open: Container[] = []
  for (const [mark] of text.matchAll(marks)) {
    const container = open.at(-1)
    switch (mark) {
      case '{':
        open.push({ names: new Set(), step: '', wantsName: true })
        break
      case '[':
        open.push({ names: undefined, step: 0, wantsName: false })
        break
      case '}':
      case ']':
        open.pop()
        break
      case ',':
        if (container !== undefined) goOn(container)
        break
      default:
        if (container?.wantsName && !take(container, JSON.parse(mark))) return stepsTo(open)
    }
  }
  return []
}

const marks = /"[^"\\]*(?:\\.[^"\\]*)*"|[{}[\],]/g

function goOn(container: Container): void {
  if (typeof container.step === 'number') container.step += 1
  else container.wantsName = true
}

/** `false`: the name has come already. */
function take(container: Container, name: string): boolean {
  container.step = name
  container.wantsName = false
  if (container.names?.has(name)) return false
  container.names?.add(name)
  return true
}

function stepsTo(open: readonly Container[]): readonly (string | number)[] {
  return open.map(({ step }) => step).toReversed()
}
