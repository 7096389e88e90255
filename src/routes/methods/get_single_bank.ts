import { z } from 'zod'
import { isBridge } from '../../bridge/errors.ts'
import { DoesNotExistError } from '../../errors.ts'
import { identifier } from '../../frappe/arguments.ts'
import { defineMethod } from '../context.ts'

/** A bank, which Bridge calls a provider. */
export const getSingleBank = defineMethod({
  name: 'bank_api.bridge.get_single_bank',
  params: z.object({ bank_id: identifier }),
  async run({ reference, present, fresh }, { bank_id }) {
    const provider = await reference.bank(bank_id).catch((error: unknown) => {
      if (!isBridge(error, 'missing')) throw error
      throw new DoesNotExistError(`Bank ${bank_id} not found`)
    })
    fresh.readAt(reference.bankReadAt(bank_id))
    return present.bank(provider)
  },
})
