import type { AuditCounter } from '../audit/counter.ts'
import type { Clock } from '../clock.ts'
import { hourOf } from '../durations.ts'
import { DoesNotExistError } from '../errors.ts'
import type { Caller } from './api-keys.ts'

/** Who asks for what is not there, and where that is counted. */
export interface NotFoundDeps {
  caller: Caller
  clock: Clock
  auditCounter: AuditCounter
}

/** The refusal, once the audit has counted that this key asked for what is not there; `what` is the audit's word. */
export function missing(
  { caller, clock, auditCounter }: NotFoundDeps,
  what: 'Site' | 'User' | 'Item' | 'Account' | 'Connection request' | 'Key',
  refusal: DoesNotExistError,
): DoesNotExistError {
  const now = clock.now()
  auditCounter.count({
    at: now,
    tenantId: caller.tenant.id,
    actor: `key:${caller.apiKey}`,
    action: 'id.unknown',
    subject: what,
    bucket: hourOf(now),
  })
  return refusal
}

export const missingItem = (deps: NotFoundDeps, id: number): DoesNotExistError =>
  missing(deps, 'Item', new DoesNotExistError('item_not_found', { id }))

export const missingUser = (deps: NotFoundDeps, name: string): DoesNotExistError =>
  missing(
    deps,
    'User',
    name === ''
      ? new DoesNotExistError('user_not_found.unnamed')
      : new DoesNotExistError('user_not_found', { name }),
  )
