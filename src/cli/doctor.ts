import { Command } from 'commander'
import { sandboxCredentials } from '../config.ts'
import { examine } from '../doctor/examine.ts'
import { exitCodeOf, type Finding } from '../doctor/finding.ts'
import { systemProbes } from '../doctor/probes.ts'
import { say, sayJson, sayMarked } from '../terminal.ts'
import { withInstallation } from './installation.ts'
import { createProgress } from './progress.ts'

const signs = {
  ok: { colour: 'green', word: 'ok  ' },
  warning: { colour: 'yellow', word: 'warn' },
  critical: { colour: 'red', word: 'FAIL' },
} as const

/** `bank-api doctor` */
export function doctorCommand(): Command {
  return new Command('doctor')
    .description('examine the installation; exit code 0 all well, 1 warnings, 2 something critical')
    .option('--json')
    .action((options: { json?: boolean }) =>
      withInstallation(async ({ config, store, clock }) => {
        const progress = createProgress()
        const findings = await examine(
          {
            config,
            store,
            clock,
            probes: systemProbes,
            bridgeOrigin: config.sandbox
              ? `http://127.0.0.1:${config.sandbox.port}`
              : config.bridgeBaseUrl,
            credentials: config.secrets.bridge ?? sandboxCredentials,
          },
          (part) => progress.tell(`examining: ${part}`),
        )
        progress.end()
        if (options.json) sayJson(findings)
        else for (const finding of findings) print(finding)
        process.exitCode = exitCodeOf(findings)
      }),
    )
}

function print({ check, level, says, do: act, run }: Finding): void {
  const [first = '', ...rest] = wrapped(`${check}: ${says}`, 72)
  sayMarked(signs[level], `  ${first}`)
  for (const line of rest) say(`      ${line}`)
  if (act !== undefined) for (const line of wrapped(act, 70)) say(`        ${line}`)
  // Never wrapped: half of a command is another one.
  if (run !== undefined) say(`        ${run}`)
}

/** Words on lines of at most `width`; a longer word keeps its own line. */
function wrapped(text: string, width: number): string[] {
  const lines: string[] = ['']
  for (const word of text.split(' ')) {
    const line = lines.at(-1) ?? ''
    if (line !== '' && line.length + 1 + word.length > width) lines.push(word)
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`
  }
  return lines
}
