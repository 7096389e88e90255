import { describe, expect, it } from 'vitest'
import type { OpenRooms } from './store.ts'

export function alertContract(name: string, open: OpenRooms): void {
  describe(`alerts, ${name}`, () => {
    it('what was told is remembered with its first time, until it is over', async () => {
      const { store } = open()

      await store.openAlerts([{ about: 'disk space', toldAt: 1 }])
      await store.openAlerts([
        { about: 'disk space', toldAt: 2 },
        { about: 'backup', toldAt: 2 },
      ])
      await store.openAlerts([])
      const told = await store.listOpenAlerts()
      await store.closeAlerts(['disk space', 'what nobody told'])

      expect(told).toEqual([
        { about: 'backup', toldAt: 2 },
        { about: 'disk space', toldAt: 1 },
      ])
      expect(await store.listOpenAlerts()).toEqual([{ about: 'backup', toldAt: 2 }])
    })
  })
}
