import { Command, InvalidArgumentError } from 'commander'
import type { Config } from '../config.ts'
import { offerLogin } from '../console/session.ts'
import { isName } from '../names.ts'
import { CommandError } from './command-error.ts'
import type { CommandContext } from './context.ts'
import { requireHttps } from './require-https.ts'
import { age } from './listing.ts'
import { time } from './print.ts'
import { shortIds } from './short-ids.ts'

/** `bank-api console …` */
export function consoleCommands({
  printOne,
  printTable,
  withInstallation,
  terminal: { say, sayJson },
}: CommandContext): Command {
  const group = new Command('console').description("the operator's pages, in a browser")

  group
    .command('login')
    .description('make an address that lets one person in, once, within five minutes')
    .option('--as <name>', 'what is done is written down under this name', whoArgument, 'operator')
    .option('--json')
    .action((options: { as: string; json?: boolean }) =>
      withInstallation(async ({ config, by, ...installation }) => {
        refuseWhereClosed(config)
        const { id, token, expiresAt } = await offerLogin(installation, options.as, by)
        const url = `${config.publicUrl}/console/login/${token}`
        if (options.json) return sayJson({ session: id, url, until: time(expiresAt) })
        say(
          url,
          '',
          `It works once, until ${time(expiresAt)}, and lets ${options.as} in for 12 hours.`,
        )
      }),
    )

  group
    .command('sessions')
    .description('who is in, and which addresses are still good; or end one of them')
    .option('--end <id>', 'end this one')
    .option('--json')
    .action((options: { end?: string; json?: boolean }) =>
      withInstallation(async ({ store, clock, by }) => {
        const sessions = (await store.listSessions(clock.now())).filter(({ who }) => who !== null)
        if (options.end !== undefined) {
          const { id, who } = onlyOne(sessions, options.end)
          await store.endSession(id, by)
          return printOne({ session: id, as: who, ended: true }, options)
        }
        const short = shortIds(sessions.map(({ id }) => id))
        const rows = sessions.map(({ id, who, madeAt, enteredAt, expiresAt }) => ({
          session: id,
          as: who,
          made: time(madeAt),
          entered: time(enteredAt),
          until: time(expiresAt),
        }))
        printTable(rows, options, (row) => ({
          session: short(row.session),
          as: row.as,
          state: row.entered === null ? 'not entered yet' : 'inside',
          since: age(Date.parse(row.entered ?? row.made ?? ''), clock.now()),
          until: row.until,
        }))
      }),
    )
  return group
}

function whoArgument(text: string): string {
  if (!isName(text) || text.length > 60)
    throw new InvalidArgumentError('Give a name of at most 60 letters.')
  return text
}

/** An address that cannot work is not given out. */
function refuseWhereClosed(config: Config): void {
  if (!config.console)
    throw new CommandError('The console is off: set CONSOLE=true, and restart the server')
  requireHttps(config)
}

function onlyOne<T extends { id: string }>(sessions: readonly T[], word: string): T {
  const [only, second] = sessions.filter(({ id }) => id.startsWith(word))
  if (!only) throw new CommandError(`There is no session ${word}`)
  if (second) throw new CommandError(`Several sessions begin with ${word}`)
  return only
}
