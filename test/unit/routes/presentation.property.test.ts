import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { z } from 'zod'
import { account } from '../../../src/bridge/resources/accounts.ts'
import { toFields } from '../../../src/bridge/fields.ts'
import { category, childrenOf, isCategory } from '../../../src/bridge/resources/categories.ts'
import { item } from '../../../src/bridge/resources/items.ts'
import { provider } from '../../../src/bridge/resources/providers.ts'
import { transaction } from '../../../src/bridge/resources/transactions.ts'
import { toV2021Account } from '../../../src/routes/presentation/account.ts'
import { toV2021Bank } from '../../../src/routes/presentation/bank.ts'
import { toV2021Category } from '../../../src/routes/presentation/category.ts'
import { toV2021Item } from '../../../src/routes/presentation/item.ts'
import { createPresent } from '../../../src/routes/presentation/present.ts'
import { toV2021Transaction } from '../../../src/routes/presentation/transaction.ts'
import { bridgeVersions, linkForms, listForms } from '../../../src/db/ports/keys.ts'

interface Def {
  type: string
  shape?: Record<string, z.ZodType>
  innerType?: z.ZodType
  element?: z.ZodType
  format?: string
  catchall?: unknown
}

const anyJson = fc.jsonValue({ maxDepth: 3 })

/** A field that passes as it came: as Bridge documents those we have, or anything at all. */
const anyField = fc.oneof(
  anyJson,
  fc.string(),
  fc.constantFrom<unknown>(-6.92, 33000191035700, true, 'otp_required', ['aggregation']),
  fc.record({ logo: anyJson, interest_rate: anyJson, opening_date: anyJson }),
  fc.array(fc.oneof(fc.record({ id: fc.nat(), name: anyJson, parent_id: anyJson }), anyJson)),
)

/** Anything that a schema of a Bridge object accepts: fields absent or null where they may be, and fields it never heard of. */
function accepted(schema: z.ZodType): fc.Arbitrary<unknown> {
  const def = schema.def as unknown as Def
  switch (def.type) {
    case 'object': {
      const fields = Object.entries(def.shape ?? {})
      const known = fc.record(
        Object.fromEntries(fields.map(([name, field]) => [name, accepted(field)])),
        {
          requiredKeys: fields
            .filter(([, field]) => !field.safeParse(undefined).success)
            .map(([name]) => name),
        },
      )
      const names = fc.oneof(
        fc.string(),
        fc.constantFrom('is_pro', 'bank_id', 'savings_details', 'status', 'category', 'toString'),
      )
      const strange = fc.dictionary(names, anyJson, { maxKeys: 4 })
      return fc.tuple(strange, known).map(([more, fields]) => ({ ...more, ...fields }))
    }
    case 'optional':
      return fc.option(accepted(def.innerType!), { nil: undefined })
    case 'nullable':
      return fc.option(accepted(def.innerType!))
    case 'array':
      return fc.array(accepted(def.element!), { maxLength: 5 })
    case 'string':
      return fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('', 'ok', 'otp_required', 'ß'))
    case 'number':
      return def.format === undefined
        ? fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.constantFrom(-6.92, 0))
        : fc
            .oneof(fc.maxSafeInteger(), fc.constantFrom(33000191035700, 0, -2, 1010))
            .filter((number) => schema.safeParse(number).success) // an id is not below zero
    case 'boolean':
      return fc.boolean()
    case 'unknown':
      return anyField
    default:
      throw new Error(`The test knows no ${def.type}: say what its schema accepts`)
  }
}

const anAccount = accepted(account) as fc.Arbitrary<z.output<typeof account>>
const anItem = accepted(item) as fc.Arbitrary<z.output<typeof item>>
const aProvider = accepted(provider) as fc.Arbitrary<z.output<typeof provider>>
const aCategory = accepted(category) as fc.Arbitrary<z.output<typeof category>>
const aTransaction = fc
  .tuple(accepted(transaction), fc.option(fc.string()))
  .map(([row, name]) => Object.assign(row as z.output<typeof transaction>, { category: name }))
const aHeldItem = fc.record({
  status: fc.constantFrom(0, -2, 402, 1010),
  statusCodeInfo: fc.option(fc.constantFrom('ok', 'otp_required')),
  providerId: fc.option(fc.nat()),
})

/** Plain JSON without a hole: what a reader of the old version may index blindly. */
function isWhole(value: object, names: string): void {
  expect(Object.keys(value).toSorted()).toEqual(names.split(/\s+/).toSorted())
  expect(Object.values(value)).not.toContain(undefined)
}

/** A word as it was, in upper case; what is no word as it came. */
const upper = (word: unknown): unknown =>
  typeof word === 'string' ? word.toUpperCase() : (word ?? null)

test('what the arbitraries make, the schemas accept', () => {
  for (const [schema, made] of [
    [account, anAccount],
    [item, anItem],
    [provider, aProvider],
    [category, aCategory],
    [transaction, aTransaction],
  ] as const) {
    fc.assert(
      fc.property(made as fc.Arbitrary<unknown>, (value) => {
        expect(schema.safeParse(value).error).toBeUndefined()
      }),
    )
  }
})

describe('the 2021 shape is total and loses nothing it had a place for', () => {
  test('account', () => {
    fc.assert(
      fc.property(anAccount, aHeldItem, (given, held) => {
        const old = toV2021Account(given, held)

        isWhole(
          old,
          `id name balance status status_code_info status_code_description updated_at
          type currency_code item_id bank_id loan_details savings_details is_pro iban`,
        )
        expect(old).toMatchObject({
          id: given.id,
          item_id: given.item_id,
          name: given.name ?? null,
          balance: given.balance ?? null,
          type: given.type ?? null,
          currency_code: given.currency_code ?? null,
          iban: given.iban ?? null,
          updated_at: given.updated_at ?? null,
          bank_id: given.provider_id ?? held.providerId,
          is_pro: given.pro ?? false,
          status: held.status,
          status_code_info: held.status === 0 ? null : upper(held.statusCodeInfo),
        })
        const loan = toFields(given.loan_details)
        if (!loan) expect(old.loan_details).toEqual(given.loan_details ?? null)
        if (!loan) return
        isWhole(
          old.loan_details as object,
          `next_payment_date next_payment_amount maturity_date opening_date interest_rate type
          borrowed_capital repaid_capital remaining_capital`,
        )
        expect(old.loan_details).toMatchObject({
          opening_date: loan['opening_date'] ?? null,
          interest_rate: loan['interest_rate'] ?? null,
          remaining_capital: loan['remaining_capital'] ?? null,
        })
      }),
    )
  })

  test('transaction', () => {
    fc.assert(
      fc.property(aTransaction, (given) => {
        const old = toV2021Transaction(given)

        isWhole(
          old,
          `id clean_description bank_description amount date booking_date
          transaction_date value_date updated_at currency_code is_deleted category_id
          account_id is_future show_client_side category`,
        )
        expect(old).toMatchObject({
          id: given.id,
          account_id: given.account_id,
          amount: given.amount ?? null,
          clean_description: given.clean_description ?? null,
          bank_description: given.provider_description ?? null,
          date: given.date ?? null,
          booking_date: given.booking_date ?? null,
          transaction_date: given.transaction_date ?? null,
          value_date: given.value_date ?? null,
          updated_at: given.updated_at ?? null,
          currency_code: given.currency_code ?? null,
          category_id: given.category_id ?? null,
          is_deleted: given.deleted ?? false,
          is_future: given.future ?? false,
          category: given.category,
        })
      }),
    )
  })

  test('item', () => {
    fc.assert(
      fc.property(anItem, (given) => {
        expect(toV2021Item(given)).toEqual({
          id: given.id,
          status: given.status,
          status_code_info: given.status === 0 ? null : upper(given.status_code_info),
          status_code_description: given.status_code_description ?? null,
          bank_id: given.provider_id ?? null,
        })
      }),
    )
  })

  test('bank', () => {
    fc.assert(
      fc.property(aProvider, (given) => {
        const old = toV2021Bank(given)

        isWhole(
          old,
          `id name country_code logo_url authentication_type url transfer
          authentication_page_url is_highlighted primary_color secondary_color
          parent_name capabilities channel_type display_order deeplink_ios
          deeplink_android payment form`,
        )
        expect(old).toMatchObject({
          id: given.id,
          name: given.name ?? null,
          country_code: given.country_code ?? null,
          logo_url: toFields(given.images)?.['logo'] ?? null,
          parent_name: given.group_name ?? null,
        })
        const { capabilities: words } = given
        expect(old.capabilities).toHaveLength(Array.isArray(words) ? words.length : 0)
      }),
    )
  })

  test('category', () => {
    fc.assert(
      fc.property(aCategory, (given) => {
        const old = toV2021Category(given)

        expect(old.id).toBe(given.id)
        expect(old.name).toBe(given.name ?? null)
        expect(old.parent_id).toBe(given.parent_id ?? null)
        if (!Array.isArray(given.categories)) {
          expect(old.categories).toEqual(given.categories || undefined)
          return
        }
        expect(old.categories).toHaveLength(given.categories.length)
        const children = (old.categories as unknown[]).filter(isCategory)
        expect(children.map(({ id, name, parent_id }) => [id, name, parent_id])).toEqual(
          childrenOf(given).map((child) => [
            child.id,
            child.name ?? null,
            child.parent_id ?? given.id,
          ]),
        )
      }),
    )
  })
})

test('a presentation never changes what it is given, and keeps every row in its order', () => {
  const presentation = fc.record({
    bridgeVersion: fc.constantFrom(...bridgeVersions),
    lists: fc.constantFrom(...listForms),
    links: fc.constantFrom(...linkForms),
  })
  fc.assert(
    fc.property(presentation, fc.array(aTransaction, { maxLength: 8 }), (wanted, rows) => {
      const before = structuredClone(rows)
      const present = createPresent(wanted)

      const answer = present.list(rows, present.transaction)

      const shown = Array.isArray(answer) ? answer : (answer as { resources: unknown[] }).resources
      expect(rows).toEqual(before)
      expect(shown).toMatchObject(rows.map(({ id, account_id }) => ({ id, account_id })))
      expect(Array.isArray(answer)).toBe(wanted.lists === 'array')
    }),
  )
})
