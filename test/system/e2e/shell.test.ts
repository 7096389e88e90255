import { execFileSync } from 'node:child_process'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { isPlain } from '../../../src/terminal/inert.ts'
import { command } from '../../../src/terminal/shell.ts'

/** The arguments that `bank-api` gets when a shell reads this text. */
function argumentsIn(text: string, shell = 'bash'): string[] {
  const script = `bank() { shift; printf '%s\\0' "$@"; }\n${text.replace(/^bank-api/, 'bank api')}\n`
  return execFileSync(shell, ['-c', script], { encoding: 'utf8' }).split('\0').slice(0, -1)
}

const signs = Array.from(`'"\`$;&|<>(){}[]*?!~#\\ -\n\t\u001b`)

const name = fc
  .oneof(
    fc.string({ unit: 'binary', minLength: 1 }),
    fc.array(fc.constantFrom(...signs, 'x', '$(id)'), {
      minLength: 1,
    }),
  )
  .map((text) => (typeof text === 'string' ? text : text.join('')).toWellFormed())
  .map((text) => text.replaceAll('\0', ''))
  .filter((text) => text !== '' && !text.startsWith('-'))

test('whatever a site and a tenant are called, the command means them and nothing else', () => {
  fc.assert(
    fc.property(name, name, (site, tenant) => {
      const line = command`webhook enable ${site} --tenant ${tenant}`

      expect(argumentsIn(line)).toEqual(['webhook', 'enable', site, '--tenant', tenant])
      expect(isPlain(line)).toBe(true)
    }),
    { numRuns: 60 },
  )
})

test('what can be seen is quoted for any shell', () => {
  const site = `TA; touch /tmp/PWNED # '"$(id)\``

  expect(argumentsIn(command`site show ${site} --tenant ${'a b'}`, 'sh')).toEqual([
    'site',
    'show',
    site,
    '--tenant',
    'a b',
  ])
})

test('a simple name is not quoted', () => {
  expect(command`webhook enable ${'erp.acme.example'} --tenant ${'acme'}`).toBe(
    'bank-api webhook enable erp.acme.example --tenant acme',
  )
})

test('a name that begins with a dash is no option', () => {
  expect(command`webhook enable ${'--force'} --tenant ${'-t'}`).toBe(
    'bank-api webhook enable --tenant -t -- --force',
  )
})
