import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { testFolder } from '../../support/store.ts'
import { runNode } from '../../support/run-cli.ts'

const sourceOf = (path: string) => fileURLToPath(new URL(`../../../src/${path}`, import.meta.url))
const programs = ['node-version.js', 'cli/bank-api.js']

/** Arguments that make Node believe it is of another version. */
const pretending = (version: string): string[] => {
  const versions = `{ value: { ...process.versions, node: '${version}' } }`
  const code = `Object.defineProperty(process, 'versions', ${versions})
    Object.defineProperty(process, 'version', { value: 'v${version}' })`
  return ['--import', `data:text/javascript,${encodeURIComponent(code)}`]
}

const isOld = (version: string): boolean => {
  const [major = 0, minor = 0] = version.replace(/^v/, '').split('.').map(Number)
  return major < 22 || (major === 22 && minor < 19)
}

/** A Node of this machine that is truly too old, where there is one. */
function findOldNode(): string | undefined {
  return (process.env['PATH'] ?? '')
    .split(delimiter)
    .map((folder) => join(folder, 'node'))
    .filter((path) => existsSync(path))
    .find((path) => isOld(execFileSync(path, ['--version'], { encoding: 'utf8' }).trim()))
}

const refusal = /^bank-api needs Node\.js 22\.19 or later, .*; this is v[\d.]+\..*\n$/

describe.each(programs)('src/%s', (program) => {
  it.each(['20.20.2', '22.18.0', '18.0.0', '0.12.18'])(
    'refuses Node %s in one line',
    async (version) => {
      const args = [...pretending(version), sourceOf(program), '--help']

      const { code, out, err } = await runNode(process.execPath, args, { cwd: testFolder() })

      expect(err).toMatch(refusal)
      expect(err).toContain(`this is v${version}`)
      expect({ code, out }).toEqual({ code: 1, out: '' })
    },
  )

  it.each(['22.19.0', '24.3.0', '100.0.0'])('lets Node %s through', async (version) => {
    const args = [...pretending(version), sourceOf(program), '--help']

    const { code, err } = await runNode(process.execPath, args, { cwd: testFolder() })

    expect({ code, err }).toEqual({ code: 0, err: '' })
  })

  // What the pretence above cannot show: that an old Node can read the file at all.
  it('is refused by this machine’s old Node, or read as the plain script it is', async () => {
    const old = findOldNode()
    if (old === undefined) {
      const args = ['--check', '--no-experimental-strip-types', sourceOf(program)]
      expect(await runNode(process.execPath, args, { cwd: testFolder() })).toMatchObject({
        code: 0,
      })
      return
    }

    const { code, out, err } = await runNode(old, [sourceOf(program), '--help'], {
      cwd: testFolder(),
    })

    expect(err).toMatch(refusal)
    expect({ code, out }).toEqual({ code: 1, out: '' })
  })
})
