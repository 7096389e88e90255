import { Command } from 'commander'
import { subjectsOf } from '../explain/subject.ts'
import { gatherStory, type Story } from '../explain/story.ts'
import { linesOf, stepsOf } from '../explain/timeline.ts'
import { verdictOf } from '../explain/judges.ts'
import type { Store } from '../db/store.ts'
import { isSameName } from '../names.ts'
import { command } from '../terminal/shell.ts'
import { wrapped } from '../terminal/width.ts'
import { CommandError } from './command-error.ts'
import type { CommandContext } from './context.ts'
import type { Installation } from './installation.ts'
import { time } from './print.ts'

interface ExplainOptions {
  all?: boolean
  json?: boolean
}

/** `bank-api explain ID` */
export function explainCommand({
  withInstallation,
  withProgress,
  terminal: { columns, say, sayJson },
}: CommandContext): Command {
  /** Says a text behind a word, its further lines below its first. */
  function sayBehind(word: string, text: string): void {
    const [first = '', ...more] = wrapped(text, columns() - word.length)
    say(`${word}${first}`, ...more.map((line) => `${' '.repeat(word.length)}${line}`))
  }

  return new Command('explain')
    .description('tell what happened, whose it was and what to do')
    .argument(
      '<id>',
      'X-Request-Id of an answer, request, item, account, event, delivery, key, user, site; the first letters of an id suffice',
    )
    .option('--all', 'every single step, with its ids')
    .option('--json')
    .action((word: string, options: ExplainOptions) =>
      withInstallation(async (installation) => {
        const story = await withProgress((tell) => storyOf(installation, word, tell))
        const { what, remedy, commands = [] } = verdictOf(story, installation.clock.now())
        const about = factsOf(story)
        if (options.json)
          return sayJson({
            verdict: what.en,
            remedy: remedy?.en ?? null,
            commands,
            about,
            steps: jsonSteps(story),
          })

        say(...wrapped(what.en, columns()))
        if (remedy) say(...wrapped(remedy.en, columns()))
        for (const one of commands) say(`  ${one}`)
        say()
        const facts = Object.entries(about).filter(([, value]) => value !== null)
        for (const [name, value] of facts) sayBehind(name.padEnd(10), String(value))
        say()
        for (const { at, text, detail } of options.all ? stepsOf(story) : linesOf(story)) {
          sayBehind(`${at}  `, text.en)
          for (const line of detail) sayBehind(' '.repeat(at.length + 2), line)
        }
      }),
    )
}

/** Under the names that programs know them by. */
const jsonSteps = (story: Story) =>
  stepsOf(story).map(({ at, text, detail }) => ({ at, what: text.en, detail }))

/** All about the one thing a word means. Throws a CommandError when it means nothing here, or says what it may mean. */
async function storyOf(
  installation: Installation,
  word: string,
  tell: (text: string) => void,
): Promise<Story> {
  tell(`looking for ${word}`)
  const onRead = (addresses: number) => tell(`looking for ${word}: ${addresses} addresses read`)
  const subjects = await subjectsOf(installation, word, onRead)
  const [only, second] = subjects
  if (!only) {
    const { store } = installation
    const tenant = await store.findTenant(word)
    const told = tenant ? ofTenant(tenant.name) : await deletedAs(store, word)
    throw new CommandError(told ?? unknown(word))
  }
  tell(`reading what is kept about ${word}`)
  if (!second) return gatherStory(installation.store, only)
  const stories = await Promise.all(subjects.map((one) => gatherStory(installation.store, one)))
  const choices = stories.map((story) => `  ${story.subject.id}  ${nameOf(story)}`)
  throw new CommandError([`${word} may be one of these; ask with the first word:`, ...choices])
}

const ofTenant = (name: string): string[] => [
  `${name} is a tenant: ask for one of its sites`,
  command`site list --tenant ${name}`,
]

/** What was deleted by that name or number, or under that receipt, while the audit still knows. */
async function deletedAs(store: Store, word: string): Promise<string | undefined> {
  for (const kind of ['site', 'tenant', 'item']) {
    const found = await store.listAudit({
      action: `${kind}.deleted`,
      // Names have several spellings and receipts are a detail: those are looked for here.
      ...(kind === 'item' && { subjects: [word] }),
      limit: 10_000,
    })
    const one = found.find(
      ({ subject, detail }) => detail?.['removal'] === word || isSameName(subject ?? '', word),
    )
    if (!one) continue
    const receipt = one.detail?.['removal']
    const under = typeof receipt === 'string' ? `, receipt ${receipt}` : ''
    return `The ${kind} ${one.subject} was deleted on ${time(one.at)} by ${one.actor}${under}`
  }
  return undefined
}

function unknown(word: string): string[] {
  const none = `Nothing here has the id or name ${word}`
  return word.startsWith('req_')
    ? [
        none,
        'Calls are kept for RETENTION_EVENTS_DAYS, those without a known key not at all: the log has the id on each of their lines.',
      ]
    : [none]
}

const nameOf = ({ subject, user, site, tenant }: Story): string =>
  [
    subject.kind,
    subject.kind !== 'site' && user?.name,
    site && `on ${site.name}`,
    tenant && `of ${tenant.name}`,
  ]
    .filter(Boolean)
    .join(' ')

/** What it is about, by names and ids. */
function factsOf({ subject, tenant, site, user, key, items, requests, calls }: Story) {
  const [call] = subject.kind === 'call' ? calls : []
  return {
    [subject.kind]: subject.id,
    tenant: tenant?.name ?? null,
    site: site?.name ?? null,
    user: user?.name || null,
    key: call?.apiKey ?? key?.apiKey ?? null,
    label: key?.label ?? null,
    request: requests.at(-1)?.request.id ?? call?.request ?? null,
    item: items[0] ? String(items[0].item.id) : (call?.itemId ?? null),
    ...(call && {
      at: time(call.at),
      method: call.method,
      status: call.status,
      exc_type: call.excType,
      code: call.refusal?.code ?? null,
      message: call.refusal?.message ?? null,
      limit: call.refusal?.limit ?? null,
    }),
  }
}
