import { z } from 'zod'
import { loosely } from '../fields.ts'

/** A Bridge user. `external_user_id` is absent when none was given at creation. */
export const user = z.looseObject({
  uuid: z.string().min(1),
  external_user_id: loosely(z.string()),
})
export type User = z.output<typeof user>
