import type { FastifyInstance } from 'fastify'
import { categories } from '../categories.ts'
import { getUser } from '../guard.ts'
import { languageOf, type Language } from '../../language.ts'
import { itemsOf } from '../state.ts'
import { dayOf, isoDate } from '../times.ts'
import type { Box } from '../box.ts'
import type { Row } from '../item-ledger.ts'

/** Bridge, "Insights by category". Its shape is known from those who read it, not from its reference. */
export function insights(app: FastifyInstance, box: Box): void {
  app.get('/v3/aggregation/insights/category', async (request) => {
    const today = dayOf(box.clock.now())
    const rows = itemsOf(box.state, getUser(request).uuid)
      .filter(({ changes }) => changes.length > 0)
      .flatMap((item) => box.ledgers.now(item).rows)
      .filter(({ state, day }) => state === 'booked' && day <= today)
    const language = languageOf(undefined, request.headers['accept-language'])
    const oldest = Math.min(today, ...new Set(rows.map(({ day }) => day)))
    const months = Map.groupBy(rows, ({ day }) => isoDate(day).slice(0, 7))
    const monthly = [...months].toSorted(([a], [b]) => a.localeCompare(b))
    return {
      oldest_existing_transaction: isoDate(oldest),
      fully_analyzed_month: Math.max(0, monthly.length - 1),
      fully_analyzed_day: today - oldest,
      kpis: {
        global: { from: isoDate(oldest), to: isoDate(today), ...byCategory(rows, language) },
        monthly: monthly.map(([month, rows]) => ({
          from: `${month}-01`,
          to: lastOf(month),
          ...byCategory(rows, language),
        })),
      },
    }
  })
}

const byCategory = (rows: readonly Row[], language: Language) => ({
  categories: [...Map.groupBy(rows, ({ text }) => text.category)].map(([id, rows]) => ({
    id,
    name: categories.find((one) => one.id === id)?.[language] ?? '',
    aggregates: {
      sum: rows.reduce((sum, { cents }) => sum + cents, 0) / 100,
      count: rows.length,
    },
  })),
})

function lastOf(month: string): string {
  const [year = 0, number = 0] = month.split('-').map(Number)
  return isoDate(dayOf(Date.UTC(year, number, 0)))
}
