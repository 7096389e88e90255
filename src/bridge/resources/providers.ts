import { z } from 'zod'
import type { Api } from '../api.ts'
import { bridgeId, loosely } from '../fields.ts'

/** A bank, in Bridge's word since 2025-01-15. What Bridge does not describe stays `unknown`. */
export const provider = z
  .looseObject({
    id: bridgeId,
    name: loosely(z.string()),
    country_code: loosely(z.string()),
    group_name: loosely(z.string()),
    images: loosely(z.looseObject({ logo: loosely(z.string()) })),
    capabilities: loosely(z.array(z.string())),
    aggregation_metadata: loosely(z.looseObject({ release_status: loosely(z.string()) })),
    payment_metadata: z.unknown().optional(),
    health_status: z.unknown().optional(),
    tags: z.unknown().optional(),
  })
  .meta({ id: 'Bank' })
export type Provider = z.output<typeof provider>

export interface Providers {
  /** One provider; needs no Bridge user. */
  get(providerId: number): Promise<Provider>
}

export function createProviders(api: Api): Providers {
  return {
    get: (providerId) =>
      api.send({ method: 'GET', route: '/v3/providers/{id}', id: providerId }, provider),
  }
}
