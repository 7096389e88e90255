import { Option, type Command } from 'commander'
import { offerPortal } from '../auth/portal-session.ts'
import { languages, type Language } from '../language.ts'
import type { CommandContext } from './context.ts'
import { siteNamed } from './installation.ts'
import { requireHttps } from './require-https.ts'
import { time } from './print.ts'

interface Options {
  tenant: string
  lang?: Language
  end?: boolean
  json?: boolean
}

/** `bank-api site portal-link` */
export function portalLinkCommand(
  site: Command,
  { printOne, withInstallation, terminal: { say, sayJson } }: CommandContext,
): void {
  site
    .command('portal-link')
    .description('make an address that shows one person this site alone, once, within an hour')
    .argument('<site>')
    .requiredOption('--tenant <name>', 'whose site')
    .addOption(new Option('--lang <language>', "else the browser's own").choices(languages))
    .option('--end', 'instead: end all that were given out for it, and who is in by one')
    .option('--json')
    .action((name: string, options: Options) =>
      withInstallation(async ({ config, by, ...deps }) => {
        if (!options.end) requireHttps(config)
        const site = await siteNamed(deps.store, { tenant: options.tenant, site: name })
        const { id: siteId, tenantId } = site
        if (options.end) {
          const ended = await deps.store.endSiteSessions(siteId, by)
          return printOne({ site: site.name, ended }, options)
        }
        const of = { tenantId, siteId, apiKey: null }
        const { token, expiresAt } = await offerPortal(deps, of, by)
        const language = options.lang === undefined ? '' : `?lang=${options.lang}`
        const url = `${config.publicUrl}/portal/enter/${token}${language}`
        if (options.json) return sayJson({ url, until: time(expiresAt) })
        say(
          url,
          '',
          `It works once, until ${time(expiresAt)},`,
          `and shows ${site.name} for an hour from then on.`,
        )
      }),
    )
}
