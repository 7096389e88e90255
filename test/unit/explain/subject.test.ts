import Sqlite from 'better-sqlite3'
import { expect, test } from 'vitest'
import { subjectsOf } from '../../../src/explain/subject.ts'
import { emailRow } from '../../../src/vault/sealed-rows.ts'
import { anInstallation } from '../../support/installation.ts'
import { aUser } from '../../support/tenants.ts'

/** An installation with two users who gave the same address. */
async function twoAddresses() {
  const installation = await anInstallation()
  const { open, site, database } = installation
  const sealed = await open(async (rooms) => {
    const users = [await aUser(rooms, site, { name: 'a' }), await aUser(rooms, site, { name: 'b' })]
    return users.map(({ id }) => ({
      id,
      email: rooms.keyring.seal('ann@acme.test', emailRow(id)),
    }))
  })
  const raw = new Sqlite(database)
  const give = raw.prepare('UPDATE bridge_users SET email = @email WHERE id = @id')
  for (const one of sealed) give.run(one)
  raw.close()
  const [first, second] = sealed.map(({ id }) => id)
  return { ...installation, first: first!, second: second! }
}

test('a search among all addresses lets others have their turn', async () => {
  const { open } = await twoAddresses()
  await open(async (rooms) => {
    let hadTurn = false
    setImmediate(() => {
      hadTurn = true
    })

    expect(await subjectsOf(rooms, 'nobody@acme.test')).toEqual([])

    expect(hadTurn).toBe(true)
  })
})

test('an address that does not open stands in no other one’s way', async () => {
  const { open, database, first, second } = await twoAddresses()
  const raw = new Sqlite(database)
  raw.prepare('UPDATE bridge_users SET email = zeroblob(40) WHERE id = ?').run(first)
  raw.close()

  const found = await open((rooms) => subjectsOf(rooms, 'ann@acme.test'))

  expect(found).toEqual([{ kind: 'user', id: second }])
})
