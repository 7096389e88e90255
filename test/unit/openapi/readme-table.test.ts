import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import type { Contract } from '../../../src/frappe/define-method.ts'
import { methods } from '../../../src/routes/index.ts'

const readme = new URL('../../../README.md', import.meta.url)

/** The needed ones first. */
function argumentsOf({ params }: Contract): string {
  const needed = (params.safeParse({}).error?.issues ?? []).map(({ path }) => path.join('.'))
  const others = Object.keys(params.shape).filter((name) => !needed.includes(name))
  return [...needed.map((name) => `**${name}**`), ...others].join(', ')
}

/** Markdown's table, as `npm run format` leaves it. */
function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)))
  const line = (row: readonly string[], fill = ' ') =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column]!, fill)).join(' | ')} |`
  const [head, ...others] = rows
  return [
    line(head!),
    line(
      head!.map(() => ''),
      '-',
    ),
    ...others.map((row) => line(row)),
  ].join('\n')
}

test('the README’s table of methods is what they say of themselves: vitest’s -u writes it', async () => {
  const text = readFileSync(readme, 'utf8')
  const rows = methods.map((method) => [
    `\`${method.name.replace('bank_api.bridge.', '')}\``,
    argumentsOf(method),
    method.summary,
  ])

  const expected = text.replace(
    /^\| method .*\n(?:\|.*\n)+/m,
    () => `${table([['method', 'arguments (**needed**)', 'is'], ...rows])}\n`,
  )

  await expect(expected).toMatchFileSnapshot('../../../README.md')
})
