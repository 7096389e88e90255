import { z } from 'zod'
import { isBridge } from '../../bridge/bridge-errors.ts'
import { provider } from '../../bridge/resources/providers.ts'
import { DoesNotExistError } from '../../errors.ts'
import { defineMethod } from '../context.ts'
import { dataHeaders } from '../freshness.ts'
import { v2021Bank } from '../presentation/bank.ts'
import { objectOf } from '../presentation/forms.ts'
import { bankId } from './shared-arguments.ts'

export const getSingleBank = defineMethod({
  name: 'bank_api.bridge.get_single_bank',
  tag: 'reference',
  summary: 'A bank, which Bridge calls a provider.',
  effect: 'reads',
  params: z.object({ bank_id: bankId }),
  result: objectOf(provider, v2021Bank),
  headers: dataHeaders,
  example: { bank_id: 574 },
  async run({ reference, present, fresh }, { bank_id }) {
    const bank = await reference.bank(bank_id).catch((error: unknown) => {
      if (!isBridge(error, 'missing')) throw error
      throw new DoesNotExistError('bank_not_found', { id: bank_id })
    })
    fresh.readAt(reference.bankReadAt(bank_id))
    return present.bank(bank)
  },
})
