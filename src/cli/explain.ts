import { Command } from 'commander'
import { describeTimeline } from './timeline.ts'
import { CommandError } from './command-error.ts'
import type { CommandContext } from './context.ts'

/** `bank-api explain ID` */
export function explainCommand({
  withInstallation,
  terminal: { say, sayJson },
}: CommandContext): Command {
  return new Command('explain')
    .description('tell what happened to a request, an item, a webhook or a call, in order')
    .argument('<id>', 'request, item_id, webhook-id, or X-Request-Id of an answer')
    .option('--json')
    .action((id: string, options: { json?: boolean }) =>
      withInstallation(async ({ store }) => {
        const timeline = await store.findTimeline(id)
        if (!timeline) throw new CommandError(`Nothing here has the id ${id}`)
        const told = describeTimeline(timeline)
        if (options.json) return sayJson(told)
        for (const [name, value] of Object.entries(told.about)) {
          say(`${name.padEnd(8)}${value ?? '-'}`)
        }
        say()
        for (const { at, what, detail } of told.steps) {
          say(`${at}  ${what}`, ...detail.map((line) => `${' '.repeat(22)}${line}`))
        }
      }),
    )
}
