import { expect, test } from 'vitest'
import { createWithProgress } from '../../../src/cli/progress.ts'

/** What stood in the line, one after the other. */
async function lineOf(end: () => Promise<string>) {
  const told: string[] = []
  const withProgress = createWithProgress({ showProgress: (text) => void told.push(text) })
  const ended = await withProgress(async (tell) => {
    tell('copying')
    return end()
  }).catch((error: unknown) => (error as Error).message)
  return { told, ended }
}

test('the line is wiped however the work ends', async () => {
  expect(await lineOf(async () => 'done')).toEqual({ told: ['copying', ''], ended: 'done' })
  expect(await lineOf(() => Promise.reject(new Error('no room')))).toEqual({
    told: ['copying', ''],
    ended: 'no room',
  })
})
