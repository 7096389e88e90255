import type { OwnedItem } from '../db/ports/items.ts'

/** What every event about an item tells of it. */
export const itemContent = ({ item, user, site }: OwnedItem) => ({
  item_id: item.id,
  bank: item.bank ?? item.providerName,
  site: site.name,
  user: user.name === '' ? null : user.name,
})

/** Whose such an event is. */
export const itemOwner = ({ item, user, site }: OwnedItem) => ({
  userId: user.id,
  siteId: site.id,
  itemId: item.id,
})
