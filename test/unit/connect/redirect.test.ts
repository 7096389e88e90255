import { expect, it } from 'vitest'
import { withOutcome } from '../../../src/connect/redirect.ts'

const site = 'https://erp.acme.test/app/bank'

it.each([
  [site, `${site}?request=r1`],
  [`${site}?tab=1`, `${site}?tab=1&request=r1`],
  [`${site}#form`, `${site}?request=r1#form`],
  [`${site}?a=b%20c&a=d+e#x?y=1#z`, `${site}?a=b%20c&a=d+e&request=r1#x?y=1#z`],
  [`${site}?`, `${site}?request=r1`],
  [`${site}?next=/a?b`, `${site}?next=/a?b&request=r1`],
])('the outcome joins the query of %s', (url, expected) => {
  expect(withOutcome(url, { request: 'r1' })).toBe(expected)
})

it('success, item_id and step stand beside the request', () => {
  expect(withOutcome(site, { request: 'r1', success: true, item_id: 42 })).toBe(
    `${site}?request=r1&success=true&item_id=42`,
  )
  expect(withOutcome(site, { request: 'r1', success: false, step: 'select & pay' })).toBe(
    `${site}?request=r1&success=false&step=select%20%26%20pay`,
  )
})

it('what the URL said itself under our names gives way to the truth', () => {
  const url = `${site}?request=old&success=true&item_id=1&step=x&requests=kept`

  expect(withOutcome(url, { request: 'r1', success: false })).toBe(
    `${site}?requests=kept&request=r1&success=false`,
  )
})
