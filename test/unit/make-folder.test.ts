import { execFileSync } from 'node:child_process'
import { existsSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect, test } from 'vitest'
import { makeFolder } from '../../src/make-folder.ts'
import { testFolder } from '../support/store.ts'

test('a folder is made with those above it, for its owner alone', () => {
  const root = testFolder()
  const path = join(root, 'a', 'b', 'c')

  expect(makeFolder(path)).toBe(join(root, 'a'))
  expect(makeFolder(path)).toBeUndefined()
  for (const made of [path, join(root, 'a')]) expect(statSync(made).mode & 0o777).toBe(0o700)
})

test('below a file, or behind a link that leads nowhere, there is an error and no folder', () => {
  const root = testFolder()
  writeFileSync(join(root, 'file'), '')
  symlinkSync(join(root, 'nowhere'), join(root, 'link'))

  expect(() => makeFolder(join(root, 'file', 'a'))).toThrow(/ENOTDIR/)
  expect(() => makeFolder(join(root, 'link', 'a'))).toThrow(/EEXIST|ENOENT/)
  expect(existsSync(join(root, 'nowhere'))).toBe(false)
})

test.runIf(existsSync('/proc/self'))('a file system that takes no folders says so at once', () => {
  const program = `
    import { makeFolder } from ${JSON.stringify(pathToFileURL(join(import.meta.dirname, '../../src/make-folder.ts')))}
    try { makeFolder('/proc/bank-api/x') } catch (error) { process.stdout.write(error.code) }`

  // In a process of its own: what spins cannot be timed out from within.
  const args = ['--input-type=module', '--eval', program]
  expect(execFileSync(process.execPath, args, { encoding: 'utf8' })).toBe('ENOENT')
})
