/** What a process of a benchmark can be asked for: its methods, by name. */
export type Calls<Api> = { readonly [K in keyof Api]: (...args: never[]) => unknown }

/** What one process asks of another. */
export interface Call {
  readonly id: number
  readonly method: string
  readonly args: readonly unknown[]
}

/** What came of it. */
export type Answer =
  | { readonly id: number; readonly kind: 'value'; readonly value: unknown }
  | { readonly id: number; readonly kind: 'error'; readonly error: string }

/**
 * Answers the calls of the process that started this one, and ends with it.
 *
 * @param close - ends what this process has started; then the process ends too
 */
export function answerCalls<Api extends Calls<Api>>(
  api: Api,
  close: () => Promise<void> = async () => {},
): void {
  const methods = new Map<string, unknown>(Object.entries(api))
  process.on('message', (call: Call) => {
    void answer(methods.get(call.method), call).then((given) => {
      if (process.connected) process.send?.(given)
    })
  })
  process.on('disconnect', () => {
    // A process whose parent is gone must not stay, whatever its closing comes to.
    setTimeout(() => process.exit(1), 20_000).unref()
    void close().finally(() => process.exit(0))
  })
  process.send?.('ready')
}

async function answer(method: unknown, { id, args }: Call): Promise<Answer> {
  try {
    if (typeof method !== 'function') throw new TypeError('there is no such call')
    return { id, kind: 'value', value: await method(...args) }
  } catch (error) {
    return { id, kind: 'error', error: error instanceof Error ? `${error.stack}` : String(error) }
  }
}
