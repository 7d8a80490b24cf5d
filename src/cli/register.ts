/** For `node --import`: what the process imports finds this host's `carabiner` and `typebox`, wherever its files lie. */
import { shareOwnModules } from '../assembly/module-hooks.ts'

shareOwnModules(import.meta.url)
