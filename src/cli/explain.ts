import { Command } from 'commander'
import { tellStory } from './story.ts'
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
        const { stdout } = process
        if (options.json) {
          stdout.write(`${JSON.stringify(told)}\n`)
          return
        }
        for (const [name, value] of Object.entries(told.about)) {
          stdout.write(`${name.padEnd(8)}${value ?? '-'}\n`)
        }
        stdout.write('\n')
        for (const { at, what, detail } of told.steps) {
          stdout.write(`${at}  ${what}\n`)
          for (const line of detail) stdout.write(`${' '.repeat(22)}${line}\n`)
        }
      }),
    )
}
