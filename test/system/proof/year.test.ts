import { existsSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { createMovableClock } from '../../../src/clock.ts'
import { inForm, isLong } from '../../support/form.ts'
import { python } from '../clients/frappe-site.ts'
import { isLeftOut } from '../clients/run.ts'
import type { Bank } from './year/bank.ts'
import { createChance, type Chance } from './year/chance.ts'
import { yearOf } from './year/installation.ts'
import { spotless, verdictOn } from './year/judge.ts'
import { dayMs, type Manners } from './year/site.ts'

const sitesCount = Number(process.env['YEAR_SITES'] ?? inForm(3, 30))
/** In the short form all of it is shorter. */
const days = inForm(60, 365)
const consentDays = inForm(40, 180)
/** At last nothing goes wrong any more, so that what was in hand gets through. */
const calmDays = 8
const eveningMs = dayMs / 24

/** How the people of a site live, by its number: some are told by webhooks, some ask; some renew, late or never. */
function mannersOf(index: number, chance: Chance): Manners {
  const kinds: Pick<Manners, 'hasWebhooks' | 'renews'>[] = [
    { hasWebhooks: true, renews: { by: 'todo', onReminder: 2 } },
    { hasWebhooks: false, renews: { by: 'mail', onReminder: 4 } },
    { hasWebhooks: true, renews: 'late' },
    { hasWebhooks: true, renews: { by: 'mail', onReminder: 1 } },
    { hasWebhooks: true, renews: 'never' },
  ]
  const breaks: Manners['breaks'] = []
  const firstBreak = chance.between(8, inForm(20, 90))
  for (let day = firstBreak; day < days - 35; day += chance.between(40, 160)) {
    const how = chance.onceIn(2) ? 'lost' : 'deleted'
    breaks.push({ day, how, backAfter: chance.between(0, 9) })
  }
  const away: Manners['away'] = []
  const firstAway = chance.between(5, inForm(30, 120))
  for (let from = firstAway; from < days - 20; from += chance.between(60, 200)) {
    // In the long form once in a while for longer than events are kept.
    const isLongAway = isLong && from < days - 60 && chance.onceIn(4)
    away.push({ from, to: from + (isLongAway ? 36 : chance.between(0, 6)) })
  }
  // Every other connection lives until its consent ends.
  const isSteady = index % 2 === 1
  return {
    ...kinds[index % kinds.length]!,
    breaks: isSteady ? [] : breaks,
    away,
    isSteady,
    consentDays,
  }
}

/** What goes wrong between the gateway and Bridge for a day, now and then. */
async function trouble(bank: Bank, chance: Chance): Promise<string | undefined> {
  if (!chance.onceIn(8)) return undefined
  const [name, fault] = [
    ['outage', { path: '/v3', status: 503, count: 1_000_000 }],
    ['429', { path: '/v3/aggregation', status: 429, count: chance.between(1, 40) }],
    ['cut', { path: '/v3/aggregation', cut: true, count: chance.between(1, 40) }],
  ][chance.between(0, 2)] as [string, object]
  await bank.fault(fault)
  return name
}

/** Whether it was in the month before a consent's end. */
const isWithin = (at: number, end: number): boolean => at < end && at > end - 31 * dayMs

describe.skipIf(isLeftOut(python, existsSync(python), python))('a year of sites', () => {
  test('ends with the books of the banks, no row missing and none double, and each gap was told', async () => {
    const chance = createChance(2027)
    const clock = createMovableClock()
    const manners = Array.from({ length: sitesCount }, (_, index) => mannersOf(index, chance))
    const start = clock.now()
    const { gateway, bank, mails, sites, state } = await yearOf(manners, clock)
    const figures = { kills: 0, outage: 0, cut: 0, '429': 0 }
    const lapsed = new Set<string>()
    await gateway.start()

    for (let day = 1; day <= days; day += 1) {
      const isCalm = day > days - calmDays
      state.day = day
      await hoursPass(dayMs - eveningMs)
      const wrong = isCalm ? undefined : await trouble(bank, chance)
      if (wrong !== undefined) figures[wrong as keyof typeof figures] += 1

      const isKilled = !isCalm && chance.onceIn(inForm(12, 10))
      const killed = isKilled && killWithin(chance.between(0, 600))
      await bank.morning()
      await bank.told()
      await gateway.settled()
      await gateway.upkeep()
      await gateway.settled()
      await Promise.all(
        sites.map(async (site) => {
          if (site.isAway(day)) return
          await site.catchUp()
          await site.live(day)
        }),
      )
      await killed
      await bank.calm()

      await hoursPass(eveningMs)
      await Promise.all(sites.map(async (site) => site.isAway(day) || site.catchUp()))
      for (const site of sites) {
        const item = site.held && (await bank.item(site.held))
        if (!item) continue
        if (item.lastSuccess > (site.successes.at(-1) ?? 0)) site.successes.push(item.lastSuccess)
        const hasClicked = site.clicks.some((at) => isWithin(at, item.consentEnd))
        if (hasClicked && item.consentEnd < clock.now()) lapsed.add(site.name)
      }
    }

    async function hoursPass(ms: number): Promise<void> {
      await gateway.advance(ms)
      clock.advance(ms)
    }
    async function killWithin(ms: number): Promise<void> {
      await wait(ms)
      await gateway.kill()
      figures.kills += 1
      await gateway.start()
    }

    const verdicts: Awaited<ReturnType<typeof verdictOn>>[] = []
    for (const site of sites) verdicts.push(await verdictOn(site, { start, end: clock.now() }))
    const sum = (of: (one: (typeof verdicts)[number]) => number) =>
      verdicts.reduce((all, one) => all + of(one), 0)
    const counted = (name: keyof (typeof sites)[number]['counts']) =>
      sites.reduce((all, { counts }) => all + counts[name], 0)
    const told = {
      sites: sitesCount,
      days,
      ...figures,
      tooMany: bank.tooMany(),
      connections: counted('connections'),
      renewals: counted('renewals'),
      mended: counted('mended'),
      refused: counted('refused'),
      mails: mails.came.length,
      rows: sum(({ rows }) => rows),
      gaps: sum(({ gaps }) => gaps),
    }
    if (isLong) process.stdout.write(`${JSON.stringify(told)}\n`)
    expect({
      missing: verdicts.flatMap(({ missing }) => missing),
      double: verdicts.flatMap(({ double }) => double),
      unannounced: verdicts.flatMap(({ unannounced }) => unannounced),
      lapsed: [...lapsed],
    }).toEqual(spotless)
    expect(told.rows).toBeGreaterThan(sitesCount * days * 4)
    expect(told.connections).toBeGreaterThan(sitesCount)
    expect(told.renewals).toBeGreaterThan(0)
    expect(told.kills).toBeGreaterThan(0)
  })
})
