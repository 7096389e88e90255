import { styleText } from 'node:util'
import { Command } from 'commander'
import { sandboxCredentials } from '../config.ts'
import { examine } from '../doctor/examine.ts'
import { exitCodeOf, type Finding } from '../doctor/finding.ts'
import { systemProbes } from '../doctor/probes.ts'
import { withInstallation } from './installation.ts'
import { createProgress } from './progress.ts'

const signs = {
  ok: styleOf('green', 'ok  '),
  warning: styleOf('yellow', 'warn'),
  critical: styleOf('red', 'FAIL'),
}

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
        if (options.json) process.stdout.write(`${JSON.stringify(findings)}\n`)
        else for (const finding of findings) print(finding)
        process.exitCode = exitCodeOf(findings)
      }),
    )
}

function print({ check, level, says, do: act }: Finding): void {
  const [first, ...rest] = wrapped(`${check}: ${says}`, 72)
  const lines = [...rest, ...(act === undefined ? [] : wrapped(act, 70).map((line) => `  ${line}`))]
  process.stdout.write(`${signs[level]}  ${first}\n`)
  for (const line of lines) process.stdout.write(`      ${line}\n`)
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

/** Coloured on a terminal only. */
function styleOf(colour: 'green' | 'yellow' | 'red', text: string): string {
  return process.stdout.isTTY ? styleText(colour, text) : text
}
