import { asc, inArray } from 'drizzle-orm'
import type { AlertStore } from '../../ports/alerts.ts'
import { alerts } from '../schema/index.ts'
import type { Tools } from '../tools.ts'

export const alertOperations = ({ db, read, write }: Tools): AlertStore => ({
  listOpenAlerts: () => read(() => db.select().from(alerts).orderBy(asc(alerts.about)).all()),

  openAlerts: (opened) =>
    write(() => {
      for (const one of opened) db.insert(alerts).values(one).onConflictDoNothing().run()
    }),

  closeAlerts: (about) =>
    write(() => {
      db.delete(alerts)
        .where(inArray(alerts.about, [...about]))
        .run()
    }),
})
