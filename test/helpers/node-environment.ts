/** The environment of a Node that a test starts: nothing of this process but where programs are, and what was compiled before. */
export function nodeEnvironment(
  env: Readonly<Record<string, string>> = {},
): Readonly<Record<string, string | undefined>> {
  const { PATH, NODE_COMPILE_CACHE } = process.env
  return { PATH, NODE_COMPILE_CACHE, ...env }
}
