import { setTimeout as wait } from 'node:timers/promises'
import { keepAccounts } from '../../ownership/accounts.ts'
import type { BridgeClient } from '../../bridge/client.ts'
import { callbackUrl } from '../../connect/visit.ts'
import type { Connection } from '../../db/ports/items.ts'
import type { Site } from '../../db/ports/sites.ts'
import type { SiteUser } from '../../db/ports/users.ts'
import { CommandError } from '../command-error.ts'
import type { Installation } from '../installation.ts'
import type { SandboxBank } from './bank.ts'
import { eventRow } from '../../vault/sealed-rows.ts'

/** An event as its site is told it. */
export interface Heard {
  id: string
  type: string
  site: string
  content: Record<string, unknown>
}

/** Where a trigger plays: one connection, its bank, and what its site hears. */
export interface Stage {
  bank: SandboxBank
  bridge: BridgeClient
  owned: SiteUser
  /** The connection as the server last wrote it down. */
  item(): Promise<Connection['item']>
  /** Waits for an event of this type about the connection, or about `itemId`, that comes after the last one heard. */
  hear(type: string, itemId?: number): Promise<Heard>
  /** The same user connects the same bank once more, without a link of ours; the new connection's number. */
  connectAgain(): Promise<number>
  /** Reads the accounts of a connection as `get_bank_accounts` does. */
  readAccounts(itemId: number): Promise<void>
}

const patienceMs = 20_000
const lookEveryMs = 100

/** Asks until there is something, for as long as anybody would wait. */
export async function until<T>(look: () => Promise<T | undefined>, what: string): Promise<T> {
  for (let waited = 0; waited < patienceMs; waited += lookEveryMs) {
    const found = await look()
    if (found !== undefined) return found
    await wait(lookEveryMs)
  }
  const seconds = patienceMs / 1_000
  throw new CommandError(`${what} did not come within ${seconds} s: the server's log may say why`)
}

/** Hears the events of a site's feed, from now on: the next of a type about an item. */
export async function listenTo({ store, keyring }: Installation, site: Site) {
  const scope = { tenantId: site.tenantId, siteId: site.id }
  let after = await store.findFeedEnd(scope)
  return (type: string, itemId: number): Promise<Heard> =>
    until(async () => {
      const query = { after, types: [type], limit: 500, bytes: 2 ** 20, forgottenBefore: 0 }
      const page = await store.readFeed(scope, query)
      const found = page === 'forgotten' ? [] : page.events
      const event = found.find((one) => one.itemId === itemId)
      if (!event) return undefined
      after = event.seq
      const told: unknown = JSON.parse(keyring.open(event.body, eventRow(event.id)).toString())
      return { id: event.id, type, site: event.site, ...(told as Pick<Heard, 'content'>) }
    }, type)
}

/** The stage of one connection. */
export async function openStage(
  installation: Installation,
  { bank, bridge }: { bank: SandboxBank; bridge: BridgeClient },
  { item: { id }, user, site }: Connection,
): Promise<Stage> {
  const { store, config } = installation
  const { userUuid } = user
  if (userUuid === null) throw new CommandError(`The user of item ${id} is not known at Bridge`)
  const hear = await listenTo(installation, site)
  return {
    bank,
    bridge,
    owned: { user, site },
    async item() {
      const [held] = await store.listConnections({ id, withGone: true })
      if (!held) throw new CommandError(`Item ${id} is held by nobody here any more`)
      return held.item
    },
    hear: (type, itemId = id) => hear(type, itemId),
    async connectAgain() {
      const { url } = await bridge.connectSessions.create(userUuid, {
        userEmail: 'somebody@example.com',
        countryCode: 'FR',
        accountTypes: 'all',
        callbackUrl: callbackUrl(config.publicUrl),
      })
      const back = await bank.logIn(url)
      const made = Number(back.searchParams.get('item_id'))
      await until(
        async () => (await store.listConnections({ id: made }))[0],
        `The new connection ${made}`,
      )
      return made
    },
    async readAccounts(itemId) {
      const accounts = await bridge.accounts.list(userUuid, { itemId })
      await keepAccounts(installation, { user, site }, accounts)
    },
  }
}
