import type { Command } from 'commander'
import type { Page, Subject } from '../db/ports/history.ts'
import type { Site } from '../db/ports/sites.ts'
import type { Store } from '../db/store.ts'
import { lasting } from '../terminal/durations.ts'
import { countArgument, pastArgument } from './arguments.ts'
import { CommandError } from './command-error.ts'
import type { CommandContext } from './context.ts'
import { siteNamed, tenantNamed } from './installation.ts'
import type { Row } from './print.ts'
import { findId, shortIds } from './short-ids.ts'

export interface WhoseOptions {
  tenant?: string
  site?: string
}

export interface PageOptions {
  limit: number
  before?: string
  wide?: boolean
  json?: boolean
}

/** Options of a list by whose the rows are. */
export const byWhose = (command: Command): Command =>
  command
    .option('--tenant <name>', 'of this tenant')
    .option('--site <name>', 'of this site; with its tenant where several have one of the name')

export const bySince = (command: Command): Command =>
  command.option('--since <time>', 'only what came since, as 2027-01-31 or 12h', pastArgument)

/** How many rows a terminal gets unless it asks for more. */
export const usualRows = 50

/** Options of a list that is read page by page, the newest first. */
export const inPages = (command: Command): Command =>
  command
    .option('--limit <number>', 'how many at most', countArgument, usualRows)
    .option('--before <id>', 'those older than this one: the next page')
    .option('--wide', 'every column and whole ids, however wide')
    .option('--json')

interface OwnerFilter {
  tenantId?: string
  siteId?: string
}

/** Whose rows are meant. A site's name alone suffices where one tenant alone has such a site. */
export async function whoseIn(store: Store, { tenant, site }: WhoseOptions): Promise<OwnerFilter> {
  if (tenant === undefined)
    return site === undefined ? {} : { siteId: (await onlySite(store, site)).id }
  const { id: tenantId } = await tenantNamed(store, tenant)
  if (site === undefined) return { tenantId }
  return { tenantId, siteId: (await siteNamed(store, { tenant, site })).id }
}

async function onlySite(store: Store, name: string): Promise<Site> {
  const subjects = (await store.findSubjects(name, 10)).filter(({ kind }) => kind === 'site')
  const found = await Promise.all(subjects.map(({ id }) => store.readSite(id)))
  const sites = found.flatMap((one) => (one && one.site.removedAt === null ? [one.site] : []))
  const [only, second] = sites
  if (!only) throw new CommandError(`There is no site named ${name}`)
  if (second) throw new CommandError(`Several sites are named ${name}: give --tenant too`)
  return only
}

/** Where the page begins. Throws a CommandError when that is behind nothing: an empty page would read as the last one. */
async function pageIn(
  store: Store,
  { limit, before: word }: PageOptions,
  kind: Subject['kind'],
): Promise<Page> {
  if (word === undefined) return { limit }
  const before = await findId(store, word, kind)
  if (before === undefined) throw new CommandError(`There is no ${kind} ${word}`)
  return { limit, before }
}

/** Prints a page of rows, each with its short id first and how old it is; and how the next page is asked for. */
export function printPage<R extends Row>(
  { printTable, terminal: { say } }: CommandContext,
  rows: readonly R[],
  { id, inBrief }: { id: (row: R) => string; inBrief: (row: R) => Row },
  options: PageOptions,
): void {
  const short = shortIds(rows.map(id))
  printTable(rows, options, (row) => ({ id: short(id(row)), ...inBrief(row) }))
  const last = rows.at(-1)
  if (last && !options.json && rows.length === options.limit) {
    say('', `older ones: --before ${short(id(last))}`)
  }
}

/** What a list of history is made of. */
interface History<O, F, R extends Row> {
  kind: Subject['kind']
  find(store: Store, filter: OwnerFilter & { since?: number }, page: Page, options: O): Promise<F[]>
  toRow(found: F): R
  id(row: R): string
  at(row: R): string
  /** What fits on a line beside the short id and how old it is. */
  inBrief(row: R): Row
}

/** Makes a command the list of what happened: by whose it is, page by page, the newest first. */
export function listsHistory<
  O extends WhoseOptions & PageOptions & { since?: number },
  F,
  R extends Row,
>(
  context: CommandContext,
  command: Command,
  { kind, find, toRow, id, at, inBrief }: History<O, F, R>,
): void {
  inPages(byWhose(command)).action((options: O) =>
    context.withInstallation(async ({ store, clock }) => {
      const { since } = options
      const filter = { ...(await whoseIn(store, options)), ...given({ since }) }
      const found = await find(store, filter, await pageIn(store, options, kind), options)
      const brief = (row: R) => ({ age: age(Date.parse(at(row)), clock.now()), ...inBrief(row) })
      printPage(context, found.map(toRow), { id, inBrief: brief }, options)
    }),
  )
}

/** Those of a filter's words that were given. */
export const given = <T extends object>(words: T): { [K in keyof T]?: Exclude<T[K], undefined> } =>
  Object.fromEntries(Object.entries(words).filter(([, word]) => word !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>
  }

/** How long ago; `-` when never. */
export const age = (at: number | null, now: number): string | null =>
  at === null ? null : lasting(Math.max(0, now - at))
