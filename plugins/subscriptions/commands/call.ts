import { newId } from 'carabiner'
import type { Call } from '../call.ts'
import { type Service, serviceOf } from '../service.ts'
import type { Context } from './options.ts'

/** What somebody at the command line wants done for an owner. The audit trail says `cli` of it. */
export function callFor(service: Service, owner: string): Call {
  return { service, owner, caller, request: { traceId: newId(), depth: 0 } }
}

/** Works on the assembly's store, whether or not a host runs. */
export async function withService<T>(
  context: Context,
  work: (service: Service) => Promise<T>,
): Promise<T> {
  await using opened = await context.openScope()
  return await work(serviceOf(opened.scope))
}

/** Whoever may read the assembly may do everything. */
const caller: Call['caller'] = { id: 'cli', owner: 'cli', scopes: 'all', mayActFor: [] }
