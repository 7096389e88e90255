import { asc, inArray } from 'drizzle-orm'
import type { AlertStore } from '../../ports/alerts.ts'
import { alerts } from '../schema/index.ts'
import { done, type Tools } from '../tools.ts'

export const alertOperations = ({ run }: Tools): AlertStore => ({
  listOpenAlerts: () => run((db) => db.select().from(alerts).orderBy(asc(alerts.about))),

  openAlerts: (opened) =>
    run(async (db) => {
      if (opened.length === 0) return
      await db
        .insert(alerts)
        .values([...opened])
        .onConflictDoNothing()
    }),

  closeAlerts: (about) =>
    run((db) => done(db.delete(alerts).where(inArray(alerts.about, [...about])))),
})
