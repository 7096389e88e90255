import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { pinnedBy } from '../../../../src/db/rules/site-pin.ts'

const aUrl = fc.constantFrom(null, 'https://one.test', 'https://two.test')
const addresses = fc.record({ origin: aUrl, webhookUrl: aUrl })

it('a pinned origin never changes, and no link clears what is pinned', () => {
  fc.assert(
    fc.property(addresses, addresses, (site, link) => {
      const change = pinnedBy(site, link)

      const isOther = site.origin !== null && link.origin !== null && site.origin !== link.origin
      expect(change === null).toBe(isOther)
      if (change === null) return
      const after = { ...site, ...change }
      expect(after).toEqual({
        origin: site.origin ?? link.origin,
        webhookUrl: link.webhookUrl ?? site.webhookUrl,
      })
      expect(pinnedBy(after, link)).toEqual({})
    }),
  )
})
