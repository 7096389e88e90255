import { z } from 'zod'
import { BridgeStatusError } from '../bridge-errors.ts'
import { loosely } from '../fields.ts'

/** A Bridge user. `external_user_id` is absent when none was given at creation. */
export const user = z.looseObject({
  uuid: z.string().min(1),
  external_user_id: loosely(z.string()),
})
export type User = z.output<typeof user>

export const userRoute = '/v3/aggregation/users/{id}'

/** Whether Bridge does not know the user: what it says of a token is not believed before the user was asked for. */
export const isUnknownUser = (error: unknown): boolean =>
  error instanceof BridgeStatusError && error.route === userRoute && error.kind === 'missing'
