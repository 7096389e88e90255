import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import type { Contract } from '../../../src/frappe/define-method.ts'
import { methods } from '../../../src/routes/index.ts'
import { withTable } from '../../support/markdown.ts'

const page = (name: string) => readFileSync(new URL(`../../../${name}`, import.meta.url), 'utf8')
const shortName = ({ name }: Contract) => name.replace('bank_api.bridge.', '')

const neededOf = ({ params }: Contract): string[] =>
  (params.safeParse({}).error?.issues ?? []).map(({ path }) => path.join('.'))

/** The needed ones first. */
function argumentsOf(method: Contract): string {
  const { params } = method
  const needed = neededOf(method)
  const others = Object.keys(params.shape).filter((name) => !needed.includes(name))
  return [...needed.map((name) => `**${name}**`), ...others].join(', ')
}

test('the tables of methods are what they say of themselves: vitest’s -u writes them', async () => {
  const inShort = methods.map((method) => [
    `\`${shortName(method)}(${neededOf(method).join(', ')})\``,
    method.summary,
  ])
  const whole = methods.map((method) => [
    `\`${shortName(method)}\``,
    argumentsOf(method),
    method.summary,
  ])

  const readme = withTable(page('README.md'), [['method', 'is'], ...inShort])
  const guide = withTable(page('docs/methods.md'), [
    ['method', 'arguments (**needed**)', 'is'],
    ...whole,
  ])

  await expect(readme).toMatchFileSnapshot('../../../README.md')
  await expect(guide).toMatchFileSnapshot('../../../docs/methods.md')
})
