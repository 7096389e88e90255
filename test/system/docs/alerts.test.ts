import { execFile, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, onTestFinished, test } from 'vitest'
import { parse } from 'yaml'
import { promtoolTest, scenarios, stepOf } from './alert-scenarios.ts'

const run = promisify(execFile)
const docs = fileURLToPath(new URL('../../../docs', import.meta.url))
const read = (page: string): string => readFileSync(join(docs, page), 'utf8')

interface Rule {
  alert: string
  annotations: Record<string, string>
}

const rulesOf = (text: string): Rule[] =>
  (parse(text) as { groups: { rules: Rule[] }[] }).groups.flatMap(({ rules }) => rules)

const rules = rulesOf(read('alerts.yml'))
const names = rules.map(({ alert }) => alert)

const isMissing =
  spawnSync('promtool', ['--version']).error !== undefined && process.env['CI'] !== 'true'

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'bank-api-alerts-'))
  onTestFinished(() => rmSync(made, { recursive: true, force: true }))
  return made
}

/** How a page's headings are linked, as the usual readers of Markdown make anchors. */
const anchorsOf = (page: string): string[] =>
  [...page.matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\w\s-]/g, '')
      .replaceAll(' ', '-'),
  )

test('every alert has a section of the runbook of its own, to which it links', () => {
  const anchors = anchorsOf(read('runbook.md'))

  expect(rules.length).toBeGreaterThan(15)
  for (const { alert, annotations } of rules) {
    const { runbook_url: link = '' } = annotations
    expect(link).toBe(`https://docs.example/runbook.md#${alert.toLowerCase()}`)
    expect(anchors).toContain(new URL(link).hash.slice(1))
  }
})

test('every section of the runbook is of an alert, in the order of the rules, and says where to look and what helps', () => {
  const [, ...sections] = read('runbook.md').split('\n## ')

  expect(sections.map((section) => section.split('\n')[0])).toEqual(names)
  for (const section of sections) {
    expect(section).toMatch(/\n- \*\*Look:\*\* [^*]*`[^`]+`/)
    expect(section).toContain('\n- **Mend:** ')
  }
})

test('links within the runbook lead to its sections', () => {
  const page = read('runbook.md')
  const links = [...page.matchAll(/\]\(#([^)]*)\)/g)].map(([, anchor]) => anchor)

  expect(links.length).toBeGreaterThan(3)
  for (const link of links) expect(anchorsOf(page)).toContain(link)
})

test('every alert fires in a scenario', () => {
  const fired = new Set(
    scenarios.flatMap(({ firing }) => firing.map((one) => one.split(' ', 1)[0] ?? '')),
  )

  expect([...fired].toSorted()).toEqual(names.toSorted())
})

test.skipIf(isMissing).for([1, 30])(
  'promtool: in each scenario the alerts fire that should, and no other; looked at every %i min',
  async (step) => {
    const file = join(folder(), 'tests.yml')
    const written = {
      rule_files: [join(docs, 'alerts.yml')],
      evaluation_interval: `${step}m`,
      tests: scenarios.filter((one) => stepOf(one) === step).map(promtoolTest),
    }
    writeFileSync(file, JSON.stringify(written))

    const said = await run('promtool', ['test', 'rules', file]).catch((error: unknown) => error)

    expect(said).toMatchObject({ stdout: expect.stringContaining('SUCCESS') as string })
  },
)

test('the command of the guide puts an address into every link, and changes nothing else', async () => {
  const [, command = '', file = ''] = /^(sed .* > (\S+))$/m.exec(read('watching.md')) ?? []
  const cwd = folder()

  await run('sh', ['-c', command.replace('docs/alerts.yml', join(docs, 'alerts.yml'))], { cwd })

  const written = readFileSync(join(cwd, file), 'utf8')
  for (const { annotations } of rulesOf(written)) {
    expect(annotations['runbook_url']).toMatch(/^https:\/\/git\.example\/.*\/docs\/runbook\.md#/)
  }
  expect(
    written
      .replaceAll(/https:.*docs(?=\/runbook)/g, 'https://docs.example')
      .split('\n')
      .slice(2),
  ).toEqual(read('alerts.yml').split('\n').slice(2))
  expect(read('watching.md')).toContain(`rule_files: [${file}]`)
})
