import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { newestCopy } from '../../../src/backup/folder.ts'
import { loadConfig } from '../../../src/config.ts'
import { readerFor } from '../../../src/metrics/reading.ts'
import { overviewReader } from '../../../src/console/facts/overview.ts'
import { testApp, testEnvironment } from '../../support/app.ts'
import { testFolder } from '../../support/store.ts'

/** An installation whose copies lie where nothing can be read. */
async function withoutCopies() {
  const file = join(testFolder(), 'a-file')
  writeFileSync(file, 'no folder')
  const config = loadConfig(testEnvironment)
  const { app, log } = await testApp()
  const copies = {
    areMade: true,
    newestAt: async (now: number) => (await newestCopy(file, now))?.at,
    failure: () => undefined,
  }
  Object.assign(app, { copies })
  const readiness = async () => ({ ready: true, checks: {} })
  return { app, log, read: readerFor(app, { config, readiness, file }) }
}

test('a folder of copies that cannot be read fails no other number, and counts as one without copies', async () => {
  const { app, read } = await withoutCopies()
  const examiner = { latest: async () => undefined } as never
  const { store, clock, bridgeStatus, copies } = app
  const overview = overviewReader({ store, clock, bridgeStatus, examiner, copies })

  expect(await read()).toMatchObject({ ready: true, figures: { sites: 0 }, backupAt: 0 })
  expect(await overview(1)).toMatchObject({ figures: { sites: 0 }, copiedAt: null })
})

test('what cannot be counted is left out and said in the log, and the rest is shown', async () => {
  const { app, log, read } = await withoutCopies()
  app.store.readFigures = () => Promise.reject(new Error('disk I/O error'))

  const reading = await read()

  expect(reading).toMatchObject({ ready: true, bridgeUp: true, leads: true, figures: undefined })
  expect(log.filter((line) => line.includes('figures not read'))).toHaveLength(1)
})
