import { PassThrough, Writable } from 'node:stream'
import { expect, test } from 'vitest'
import { createWithProgress } from '../../../src/cli/progress.ts'
import { runCli } from '../../../src/cli/run.ts'
import { anInstallation } from '../../support/installation.ts'
import { aUser } from '../../support/tenants.ts'

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

/** What a command shows beside its result: on a screen, or in a file. */
async function shownBy(words: string[], isTTY: boolean) {
  const installation = await anInstallation()
  await installation.open((rooms) => aUser(rooms, installation.site, { name: 'ann@acme.test' }))
  let shown = ''
  const screen = new Writable({
    write(chunk: Buffer, _encoding, done) {
      shown += chunk.toString()
      done()
    },
  })
  const code = await runCli(words, {
    env: { ...installation.environment },
    stdout: new PassThrough().resume(),
    stderr: Object.assign(screen, { isTTY, columns: 60 }),
  })
  return { code, lines: shown.split('\r').map((line) => line.trimEnd()) }
}

test.for([
  [['explain', 'ann@acme.test'], 'reading what is kept about ann@acme.test'],
  [['usage', '--month', '2027-01'], 'adding up 2027-01'],
] as const)('%s says on a screen what it does, and wipes that', async ([words, line]) => {
  const onScreen = await shownBy([...words], true)
  const inFile = await shownBy([...words], false)

  expect(onScreen).toMatchObject({ code: 0, lines: expect.arrayContaining([line]) as string[] })
  expect(onScreen.lines.at(-2)).toBe('')
  expect(inFile).toEqual({ code: 0, lines: [''] })
})
