import type { Argument, Command, Option } from 'commander'
import { expect, test } from 'vitest'
import { environment, secretVariables } from '../../../src/environment.ts'
import { createContext } from '../../../src/cli/context.ts'
import { programOf } from '../../../src/cli/run.ts'
import { eventContents, eventsTold } from '../../../src/openapi/webhooks.ts'
import { withTable } from '../../support/markdown.ts'
import { aPipe } from '../../support/run-cli.ts'
import { read } from './guides.ts'
import { variables } from './variables.ts'

// Each of these is renewed by `npx vitest run --config test/vitest.config.ts test/system/docs/reference.test.ts -u`.

test('docs/configuration.md has every variable, with the default that the server takes', async () => {
  const defaults = environment.parse({}) as Readonly<
    Record<string, string | number | boolean | undefined | readonly unknown[]>
  >
  const defaultOf = (name: string): string => {
    const value = defaults[name]
    const isNone = value === undefined || value === '' || typeof value === 'object'
    return isNone ? 'none' : `\`${String(value)}\``
  }
  const rows = Object.entries(variables).map(([name, { is, unit, example, default: said }]) => [
    `\`${name}\``,
    said ?? defaultOf(name),
    unit ?? '',
    example ? (/^[a-z0-9]+ [a-z]|^as /.test(example) ? example : `\`${example}\``) : '',
    is,
  ])

  const page = withTable(read('docs/configuration.md'), [
    ['variable', 'default', 'unit', 'example', 'is'],
    ...rows,
  ])

  const [, fromFiles = ''] = /\n\n(`[^|]*?) may come from a file instead/.exec(page) ?? []
  const named = [...fromFiles.matchAll(/`(\w+)`/g)].map(([, name = '']) => name)
  expect(new Set(named)).toEqual(new Set(secretVariables))
  await expect(page).toMatchFileSnapshot('../../../docs/configuration.md')
})

test('an example is one that the server would take', () => {
  for (const [name, { example = '', default: said }] of Object.entries(variables)) {
    const schema = environment.shape[name as keyof typeof environment.shape]
    const value = example.replaceAll('…', Buffer.alloc(32).toString('base64'))
    const isWords = /^as |^\d characters|^a long/.test(example)

    if (!isWords) expect([name, schema.safeParse(value).error?.issues ?? []]).toEqual([name, []])
    if (said?.startsWith('`') && !said.includes('HOST') && !said.includes('PORT')) {
      const [, word = ''] = /^`([^`]*)`/.exec(said) ?? []
      expect([name, schema.safeParse(word).success]).toEqual([name, true])
    }
  }
})

test('docs/webhooks.md has every event, with what stands in it', async () => {
  const rows = (Object.keys(eventsTold) as (keyof typeof eventsTold)[]).map((type) => [
    `\`${type}\``,
    eventsTold[type],
    Object.keys(eventContents[type].shape)
      .map((name) => `\`${name}\``)
      .join(', '),
  ])

  const page = withTable(read('docs/webhooks.md'), [['type', 'tells', '`content` has'], ...rows])

  await expect(page).toMatchFileSnapshot('../../../docs/webhooks.md')
})

test('docs/commands.md has every command, as its help tells it', async () => {
  const { stream: stdout } = aPipe()
  const program = programOf(createContext({ env: {}, stdout, stderr: stdout }))

  const page = `# Commands

How they are run stands in the [list of guides](README.md#how-a-command-is-run). Each says the same with \`--help\`. Names are taken in
any spelling, our own ids by their first letters, a time as \`2027-01-31\` or \`2027-01-31T18:00Z\`, one that is past also as \`12h\`. The
exit code is 0 when it is done, 1 when it was refused or failed, 2 when the command was not understood, or would have had to ask and
could not; that of \`doctor\` says how bad it is.

${program.commands.map((command) => chapter(command)).join('\n')}`

  expect(page).not.toMatch(/^\.$/m) // each says what it does
  await expect(page).toMatchFileSnapshot('../../../docs/commands.md')
})

function chapter(command: Command): string {
  if (command.commands.length === 0) return leaf(command, '##', command.name())
  // A group that may be run itself has options of its own.
  const title =
    command.options.length > 0
      ? leaf(command, '##', command.name())
      : `## ${command.name()}\n\n${sentence(command.description())}\n`
  const verbs = command.commands.map((each) =>
    leaf(each, '###', `${command.name()} ${each.name()}`),
  )
  return [title, ...verbs].join('\n')
}

function leaf(command: Command, level: string, name: string): string {
  const [taken, options] = [command.registeredArguments, command.options]
  const words = taken.map(argumentShown).join(' ')
  const lines = [
    ...taken.filter(({ description }) => description).map(argumentLine),
    ...options.filter(({ hidden }) => !hidden).map(optionLine),
  ]
  return `${level} ${name}

${sentence(command.description())}

\`bank-api ${name}${words && ` ${words}`}\`
${lines.length > 0 ? `\n${lines.join('\n')}\n` : ''}${footOf(command)}`
}

/** What its help says behind the options. */
function footOf(command: Command): string {
  let help = ''
  command.configureOutput({ writeOut: (text) => (help += text) }).outputHelp()
  const foot = help.replace(command.helpInformation(), '').trim()
  return foot && `\n${inMarkdown(foot)}\n`
}

const sentence = (text: string): string =>
  `${text.slice(0, 1).toUpperCase()}${inMarkdown(text.slice(1))}.`

const argumentShown = (argument: Argument): string => {
  const name = `${argument.name()}${argument.variadic ? '...' : ''}`
  return argument.required ? `<${name}>` : `[${name}]`
}

const argumentLine = (argument: Argument): string =>
  `- \`${argumentShown(argument)}\`: ${inMarkdown(argument.description)}${choices(argument)}`

function optionLine({ flags, description, mandatory, defaultValue, ...option }: Option): string {
  const is = description || (flags === '--json' ? 'as JSON, for programs' : '')
  const preset = defaultValue === undefined ? '' : `; \`${String(defaultValue)}\` when left out`
  return `- \`${flags}\`${mandatory ? ', needed' : ''}${is && `: ${inMarkdown(is)}`}${choices(option)}${preset}`
}

const choices = ({ argChoices }: { argChoices?: readonly string[] | undefined }): string =>
  argChoices ? `; one of ${argChoices.map((each) => `\`${each}\``).join(', ')}` : ''

/** A help's `<` and `*` are no signs of Markdown; what stands in backticks is code there too. */
const inMarkdown = (text: string): string =>
  text.replaceAll(/[<>*_](?=[^`]*(?:`[^`]*`[^`]*)*$)/g, (sign) => `\\${sign}`)
