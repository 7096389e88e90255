/** How ids of commands begin, which claim for themselves and are no members: their claims last as long as their leases. */
export const commandPrefix = 'cmd'
