import { bankOf, type Item } from '../db/ports/items.ts'
import { userNameOf, type SiteUser } from '../db/ports/users.ts'

/** What an event about an item has to know of it. */
interface ItemOfUser extends SiteUser {
  item: Pick<Item, 'id' | 'bank' | 'providerName'>
}

/** What every event about an item tells of it. */
export const itemContent = ({ item, user, site }: ItemOfUser) => ({
  item_id: item.id,
  bank: bankOf(item),
  site: site.name,
  user: userNameOf(user),
})

/** Whose such an event is. */
export const itemOwner = ({ item, user, site }: ItemOfUser) => ({
  userId: user.id,
  siteId: site.id,
  itemId: item.id,
})
