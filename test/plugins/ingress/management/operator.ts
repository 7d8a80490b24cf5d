import assert from 'node:assert/strict'
import type { AnyJson } from '../../../helpers/served-host.ts'
import { type IngressHost, managementKey } from '../ingress-host.ts'

/** Header fields of an operator. */
export const operator = { 'x-internal-api-key': managementKey }

/** What the list at a path holds, and what it says of the page. */
export async function list(
  host: Pick<IngressHost, 'get'>,
  path: string,
): Promise<{ readonly items: readonly AnyJson[]; readonly meta: AnyJson | undefined }> {
  const { data, meta } = await host.get(path)
  assert.ok(Array.isArray(data), path)
  return { items: data, meta }
}

/** A field of each. */
export function fieldOf(items: readonly AnyJson[], name: string): readonly unknown[] {
  return items.map((item) => item[name])
}
