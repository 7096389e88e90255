const accountsAnItem = 12

/** The accounts of an item, as Bridge describes them. */
export const accountsOfItem = (itemId: number) =>
  Array.from({ length: accountsAnItem }, (_, index) => ({
    id: itemId * 100 + index,
    item_id: itemId,
    provider_id: 574,
    name: `Compte courant ${index}`,
    balance: 1234.56 + index,
    accounting_balance: 1234.56 + index,
    instant_balance: 1200 + index,
    currency_code: 'EUR',
    type: 'checking',
    pro: true,
    data_access: 'enabled',
    iban: `FR76300060000112345678${String(index).padStart(2, '0')}189`,
    last_refresh_status: 'successful',
    updated_at: '2026-11-27T04:00:00.000Z',
  }))

/** One page of transactions; `next` is the page after it. */
export const transactionsPage = (page: number, rows: number, next: string | null) => ({
  resources: Array.from({ length: rows }, (_, index) => ({
    id: 38_000_000_000_000 + page * rows + index,
    clean_description: 'Virement Sepa Facture',
    provider_description: `VIR SEPA FACTURE ${page}-${index} CLIENT`,
    amount: -12.34 - index,
    date: '2026-11-20',
    booking_date: '2026-11-20',
    transaction_date: '2026-11-19',
    value_date: '2026-11-20',
    updated_at: '2026-11-20T04:00:00.000Z',
    currency_code: 'EUR',
    deleted: false,
    category_id: 100 + (index % 5),
    operation_type: 'transfer',
    account_id: 1_000_000_000 + (index % 12),
    future: false,
  })),
  pagination: { next_uri: next },
})

export const categories = {
  resources: [
    {
      id: 1,
      name: 'Entreprise',
      categories: Array.from({ length: 5 }, (_, index) => ({
        id: 100 + index,
        name: `Catégorie ${index}`,
        parent_id: 1,
      })),
    },
  ],
  pagination: { next_uri: null },
}

/** A webhook as Bridge sends them most, about one of the item's accounts; `number` makes it another than all others. */
export const eventBody = (itemId: number, userUuid: string, at: number, number = 0): string =>
  JSON.stringify({
    content: {
      account_id: itemId * 100 + (number % accountsAnItem),
      balance: 1234.56,
      data_access: 'enabled',
      item_id: itemId,
      nb_deleted_transactions: 0,
      nb_new_transactions: number,
      nb_updated_transactions: 1,
      user_uuid: userUuid,
    },
    timestamp: at,
    type: 'item.account.updated',
  })
