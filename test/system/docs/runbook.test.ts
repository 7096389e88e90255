import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  dataDirectory,
  runCli,
  startGateway,
  type Env,
  type Finishing,
} from '../../support/gateway.ts'

const page = readFileSync(new URL('../../../docs/runbook.md', import.meta.url), 'utf8')

const spans = [...page.matchAll(/`bank-api ([^`…]+)`/g)].map(([, words = '']) => words)
const commands = [...new Set(spans)].filter((words) => !words.startsWith('bank-api'))

/** What needs a name that the reader fills in. */
const needsName = /^explain$| SITE /

const ends: Parameters<Finishing>[0][] = []
const whenDone: Finishing = (work) => void ends.unshift(work)
let env: Env

beforeAll(async () => {
  const own = { ...dataDirectory(whenDone), BACKUP_HOURS: '24' }
  ;({ env } = await startGateway(own, whenDone))
})
afterAll(async () => {
  for (const end of ends) await end()
})

test.each(commands)('bank-api %s is a command', async (words) => {
  const args = words.split(' ')
  const verb = args.filter(isWord).filter((word) => word !== 'SITE')
  const help = await runCli(env, ...verb, '--help')
  expect(help.stdout).toContain(`Usage: bank-api ${verb.join(' ')} `)
  for (const option of args.filter((word) => word.startsWith('--'))) {
    expect(help.stdout).toContain(option)
  }
  if (needsName.test(words)) return

  // What the server writes down is there a moment after its start.
  await expect
    .poll(() => runCli(env, ...args))
    .toMatchObject({ stderr: '', ...(words !== 'doctor' && { code: 0 }) })
})

/** Neither an option nor its value: all of ours stand before these. */
const isWord = (_: string, index: number, args: string[]): boolean =>
  args.slice(0, index + 1).every((word) => !word.startsWith('-'))

test('lines of doctor that are quoted are there', async () => {
  const { stdout } = await runCli(env, 'doctor')
  const quoted = [...page.matchAll(/[Ll]ines? ((?:"[^"]+"(?: and )?)+)/g)].flatMap(
    ([, names = '']) => names.match(/(?<=")[^"]+(?="(?: and|$))/g) ?? [],
  )

  expect(new Set(quoted).size).toBeGreaterThan(2)
  for (const name of quoted)
    expect(stdout).toMatch(new RegExp(`^(ok|warn|crit)\\S* +${name}:`, 'm'))
})
