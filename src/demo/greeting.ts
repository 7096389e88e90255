import { demoCommands } from './commands.ts'
import type { DemoKey } from './demo-key.ts'

const indented = (text: string): string => text.replaceAll(/^/gm, '  ')

/** What a newcomer reads in the terminal, in 80 columns: where to begin, the key, and two commands that work as they stand. */
export function demoGreeting(origin: string, key: DemoKey): string {
  const { whoAmI, connect } = demoCommands(origin, key)
  return `
Bank API runs with a Bridge sandbox in the box: no bank, no money involved.

Connect a bank in a browser:

  ${origin}

  api_key     ${key.apiKey}
  api_secret  ${key.apiSecret}

The same from here. Try the key:

${indented(whoAmI)}

Ask for a link, open it in a browser, and log in as success, or with any word
that is not listed: it ends on a page with the accounts.

${indented(connect)}

All methods, and a form for each: ${origin}/docs

`
}

/** The same, once the key was shown: what a terminal prints at every start ends in somebody's log. */
export const demoReminder = (origin: string): string => `
Bank API runs with a Bridge sandbox in the box. Connect a bank, and see the demo
key again, in a browser:

  ${origin}

For another key: npx bank-api key create --tenant demo --site demo

`
