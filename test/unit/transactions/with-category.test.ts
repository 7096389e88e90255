import { expect, test } from 'vitest'
import { namesOf } from '../../../src/transactions/with-category.ts'
import { aCategory } from '../../support/bridge.ts'

test('a category has a name whether it is a parent or a child', () => {
  expect([...namesOf([aCategory()])]).toEqual([
    [162, 'Alimentation'],
    [273, 'Supermarché'],
  ])
})
