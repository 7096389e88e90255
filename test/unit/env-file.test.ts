import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ConfigError } from '../../src/config.ts'
import { addEnvFile } from '../../src/env-file.ts'
import { testFolder } from '../support/store.ts'

/** The environment that a `.env` of these bytes makes of the given one. */
function withFile(
  content: string | Buffer,
  env: Record<string, string> = {},
): Record<string, string | undefined> {
  const path = join(testFolder(), '.env')
  writeFileSync(path, content)
  const all = { ...env }
  addEnvFile(all, path)
  return all
}

function problemsOf(content: string | Buffer): string[] {
  try {
    withFile(content)
  } catch (error) {
    if (error instanceof ConfigError) {
      return error.problems.map((line) => line.replace(/^.*\.env: /, ''))
    }
    throw error
  }
  return []
}

const text = [
  '# how the world reaches us',
  'PUBLIC_URL=https://bank.example # behind Caddy',
  '',
  'export METRICS_TOKEN="a#b c"',
  "NOTE='two",
  "lines'",
  'DATA_DIR = /data/été ',
].join('\r\n')
const meant = {
  PUBLIC_URL: 'https://bank.example',
  METRICS_TOKEN: 'a#b c',
  DATA_DIR: '/data/été',
}

test.each<[string, string | Buffer]>([
  ['as UTF-8', text],
  ['with the mark that Windows puts first', `\uFEFF${text}`],
  ['as UTF-16', Buffer.from(`\uFEFF${text}`, 'utf16le')],
  ['as UTF-16 in the other order', Buffer.from(`\uFEFF${text}`, 'utf16le').swap16()],
])('a .env %s sets what is written in it', (_name, content) => {
  expect(withFile(content)).toMatchObject(meant)
})

test('what the environment has already wins over .env', () => {
  expect(withFile('PORT=1\nHOST=a', { PORT: '2' })).toEqual({ PORT: '2', HOST: 'a' })
})

test('a .env that is not there adds nothing', () => {
  const env = {}

  addEnvFile(env, join(testFolder(), '.env'))

  expect(env).toEqual({})
})

test.each<[string, string | Buffer, string[]]>([
  [
    'a # inside a bare value, where the value would end',
    'PORT=1\nMETRICS_TOKEN=abc#def\nHOST=a#b # comment',
    [
      'line 2: METRICS_TOKEN has a # in its value: put the value in quotes',
      'line 3: HOST has a # in its value: put the value in quotes',
    ],
  ],
  ['a line that sets nothing', 'PORT=1\nHOST: a', ['line 2 is not NAME=value']],
  [
    'a quotation mark without its other',
    'HOST="a',
    ['line 1: the quotation mark of HOST is never closed'],
  ],
  [
    'letters of Windows',
    Buffer.from('PORT=1\nDATA_DIR=/données', 'latin1'),
    ['line 2 is not UTF-8: save the file as UTF-8'],
  ],
  [
    'UTF-16 without its mark',
    Buffer.from('PORT=1', 'utf16le'),
    ['it is not text: save the file as UTF-8'],
  ],
  [
    'what Node reads before us',
    'NODE_ENV=test\nNODE_EXTRA_CA_CERTS=/ca.pem',
    ['NODE_EXTRA_CA_CERTS has no effect here: Node reads it before '],
  ],
])('a .env is refused for %s', (_name, content, expected) => {
  const problems = problemsOf(content)

  expect(problems).toHaveLength(expected.length)
  for (const [index, line] of expected.entries()) expect(problems[index]).toContain(line)
})

test('a .env that cannot be read is named', () => {
  const path = join(testFolder(), '.env')
  mkdirSync(path)

  expect(() => addEnvFile({}, path)).toThrow(`${path}: cannot be read (EISDIR)`)
})
