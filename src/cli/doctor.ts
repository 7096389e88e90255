import { Command } from 'commander'
import { systemClock } from '../clock.ts'
import { ConfigError, sandboxCredentials } from '../config.ts'
import { DatabaseVersionError, StoreBusyError } from '../db/store-errors.ts'
import { examine } from '../doctor/examine.ts'
import { critical, exitCodeOf, type Finding } from '../doctor/finding.ts'
import { systemProbes } from '../doctor/probes.ts'
import { toReport, worstOf } from '../doctor/report.ts'
import { sentenceOf } from '../terminal/system-errors.ts'
import type { Terminal } from '../terminal/terminal.ts'
import { CommandError } from './command-error.ts'
import type { CommandContext } from './context.ts'
import { servedAt } from './installation.ts'
import { wrapped } from '../terminal/width.ts'

const signs = {
  ok: { colour: 'green', word: 'ok  ' },
  warning: { colour: 'yellow', word: 'warn' },
  critical: { colour: 'red', word: 'FAIL' },
} as const

/** `bank-api doctor` */
export function doctorCommand(context: CommandContext): Command {
  const { exitWith, terminal } = context
  return new Command('doctor')
    .description('examine the installation; exit code 0 all well, 1 warnings, 2 something critical')
    .option('--json')
    .action(async (options: { json?: boolean }) => {
      const findings = await findingsHere(context).catch((error: unknown) => [unexaminable(error)])
      const shown = worstOf(findings)
      if (options.json) terminal.sayJson(toReport(shown))
      else for (const finding of shown) print(terminal, finding)
      exitWith(exitCodeOf(findings))
    })
}

const findingsHere = ({ withInstallation, withProgress }: CommandContext): Promise<Finding[]> =>
  withInstallation(async (installation) => {
    const { config, store, clock } = installation
    const examination = {
      config,
      store,
      clock,
      machineClock: systemClock,
      probes: systemProbes(config),
      ...(await servedAt(installation)),
      credentials: config.secrets.bridge ?? sandboxCredentials,
    }
    return withProgress((tell) => examine(examination, (part) => tell(`examining: ${part}`)))
  })

/** What stops every command is critical, and no mere warning, to whoever reads the exit code. */
function unexaminable(error: unknown): Finding {
  const message = inOneSentence(error)
  if (message === undefined) throw error
  return critical('installation.unexaminable', 'installation', message, {
    en: 'Nothing else can be examined before.',
    fr: 'Rien d’autre ne peut être examiné avant.',
  })
}

function inOneSentence(error: unknown): string | undefined {
  if (error instanceof ConfigError) {
    return `The configuration is not usable: ${error.problems.join('; ')}`
  }
  const known = [CommandError, DatabaseVersionError, StoreBusyError]
  return known.some((kind) => error instanceof kind) ? (error as Error).message : sentenceOf(error)
}

function print(
  { say, sayMarked }: Terminal,
  { check, level, message, remedy, run }: Finding,
): void {
  const [first = '', ...rest] = wrapped(`${check}: ${message}`, 72)
  sayMarked(signs[level], `  ${first}`)
  for (const line of rest) say(`      ${line}`)
  if (remedy !== undefined) for (const line of wrapped(remedy, 70)) say(`        ${line}`)
  // Never wrapped: half of a command is another one.
  if (run !== undefined) say(`        ${run}`)
}
