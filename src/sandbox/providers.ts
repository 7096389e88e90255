import { demoBank } from './demo-bank.ts'

/** A bank as `GET /v3/providers` answers it (Bridge, "List providers"). */
export interface Provider {
  id: number
  name: string
  country_code: string
  group_name?: string
  images: { logo: string }
  capabilities: string[]
  aggregation_metadata: { release_status: string }
  payment_metadata?: {
    execution_status_available: boolean
    sender_iban_available: boolean
    max_size_label: number
    nb_max_transactions: number
    provider_environments: string[]
    release_status: string
  }
  health_status: { aggregation: { status: string } }
  tags: { segment: string[]; region: string[]; keywords: string[] }
}

const bank = (
  id: number,
  name: string,
  country: string,
  more: Partial<Provider> = {},
): Provider => ({
  id,
  name,
  country_code: country,
  images: { logo: `https://images.sandbox.invalid/banks/${id}.png` },
  capabilities: ['aggregation', 'account_check', 'single_payment'],
  aggregation_metadata: { release_status: 'general_availability' },
  health_status: { aggregation: { status: 'healthy' } },
  tags: { segment: ['b2c'], region: [country], keywords: [name.toLowerCase()] },
  ...more,
})

const payment = {
  execution_status_available: true,
  sender_iban_available: true,
  max_size_label: 140,
  nb_max_transactions: 50,
  provider_environments: ['production'],
  release_status: 'general_availability',
}

/** Invented banks; only Demo Bank connects, as in Bridge's own sandbox. */
export const providers: readonly Provider[] = [
  bank(12, 'Banque des Rivages', 'FR', { payment_metadata: payment }),
  bank(87, 'Caisse du Val', 'FR', { group_name: 'Les Caisses Unies' }),
  bank(88, 'Caisse de la Plaine', 'FR', { group_name: 'Les Caisses Unies' }),
  bank(203, 'Crédit des Ateliers', 'FR', {
    tags: { segment: ['b2b'], region: ['FR'], keywords: ['entreprises'] },
  }),
  bank(311, 'Néobanque Mésange', 'FR', { aggregation_metadata: { release_status: 'beta' } }),
  bank(demoBank, 'Demo Bank', 'FR', {
    group_name: 'Demo Bank',
    capabilities: ['aggregation', 'account_check'],
    tags: { segment: ['b2c', 'b2b'], region: ['FR'], keywords: ['demo', 'test'] },
  }),
  bank(640, 'Banca del Lago', 'IT'),
  bank(702, 'Banco de la Sierra', 'ES', {
    health_status: { aggregation: { status: 'unhealthy' } },
  }),
  bank(815, 'Sparbank am Deich', 'DE', { capabilities: ['single_payment'] }),
]

/** Undefined for a bank nobody invented. */
export const findProvider = (id: number): Provider | undefined =>
  providers.find((one) => one.id === id)
