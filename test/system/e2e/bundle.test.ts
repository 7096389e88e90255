import { appendFileSync, cpSync, existsSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { testFolder } from '../../support/store.ts'
import { runNode } from '../../support/run-cli.ts'

const checkout = fileURLToPath(new URL('../../..', import.meta.url))

/** A copy of the checkout whose bundle, once made, says so instead of doing its work. */
function aCheckout({ withBundler = true } = {}) {
  const folder = testFolder()
  for (const name of ['src', 'drizzle', 'package.json', 'package-lock.json']) {
    cpSync(join(checkout, name), join(folder, name), { recursive: true, preserveTimestamps: true })
  }
  if (withBundler) symlinkSync(join(checkout, 'node_modules'), join(folder, 'node_modules'))
  const run = (file: string, ...args: string[]) =>
    runNode(process.execPath, [join(folder, file), ...args], { cwd: folder })
  return {
    folder,
    make: () => run('src/bundle.js'),
    label: () => writeFileSync(join(folder, 'dist/main.js'), "console.log('the bundle')\n"),
    help: () => run('src/cli/bank-api.js', '--help'),
  }
}

it('a command runs from the bundle while the source is what it was made from', async () => {
  const { make, label, help } = aCheckout()
  expect((await help()).out).toContain('Usage: bank-api')

  expect(await make()).toMatchObject({ code: 0, err: '' })
  expect((await help()).out).toContain('Usage: bank-api')
  label()

  expect((await help()).out).toBe('the bundle\n')
})

it.each([
  ['changed', (path: string) => appendFileSync(path, '\n// more\n')],
  ['put back to an older one', (path: string) => utimesSync(path, 1, 1)],
])('a source that was %s runs itself', async (_, change) => {
  const { folder, make, label, help } = aCheckout()
  await make()
  label()

  change(join(folder, 'src/cli/main.ts'))

  expect((await help()).out).toContain('Usage: bank-api')
})

it('an install without the bundler succeeds, and makes no bundle', async () => {
  const { folder, make } = aCheckout({ withBundler: false })

  const { code, out } = await make()

  expect({ code, out }).toEqual({ code: 0, out: expect.stringContaining('runs from its source') })
  expect(existsSync(join(folder, 'dist'))).toBe(false)
})
