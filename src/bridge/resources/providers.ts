import { z } from 'zod'
import type { Api } from '../api.ts'

/** A bank, in Bridge's word since 2025-01-15. What Bridge does not describe stays `unknown`. */
export const provider = z.looseObject({
  id: z.int(),
  name: z.string().nullish(),
  country_code: z.string().nullish(),
  group_name: z.string().nullish(),
  images: z.looseObject({ logo: z.string().nullish() }).nullish(),
  capabilities: z.array(z.string()).nullish(),
  aggregation_metadata: z.looseObject({ release_status: z.string().nullish() }).nullish(),
  payment_metadata: z.unknown().optional(),
  health_status: z.unknown().optional(),
  tags: z.unknown().optional(),
})
export type Provider = z.output<typeof provider>

export interface Providers {
  /** One provider; needs no Bridge user. */
  get(providerId: number, options?: { language?: string | undefined }): Promise<Provider>
}

export function createProviders(api: Api): Providers {
  return {
    get: (providerId, { language } = {}) =>
      api.send({ method: 'GET', route: '/v3/providers/{id}', id: providerId, language }, provider),
  }
}
