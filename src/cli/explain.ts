import { Command } from 'commander'
import { say, sayJson } from '../terminal/terminal.ts'
import { tellStory } from './timeline.ts'
import { CommandError } from './command-error.ts'
import { withInstallation } from './installation.ts'

/** `bank-api explain ID` */
export function explainCommand(): Command {
  return new Command('explain')
    .description('tell what happened to a request, an item, a webhook or a call, in order')
    .argument('<id>', 'request, item_id, webhook-id, or X-Request-Id of an answer')
    .option('--json')
    .action((id: string, options: { json?: boolean }) =>
      withInstallation(async ({ store }) => {
        const story = await store.findStory(id)
        if (!story) throw new CommandError(`Nothing here has the id ${id}`)
        const told = tellStory(story)
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
