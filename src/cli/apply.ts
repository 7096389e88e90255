import { open, type FileHandle } from 'node:fs/promises'
import { Command } from 'commander'
import { carryOut } from '../apply/carry-out.ts'
import { readDeclaration, type Declaration } from '../apply/declaration.ts'
import { countNewKeys, planOf, type Plan } from '../apply/plan.ts'
import { CommandError } from './command-error.ts'
import type { CommandContext } from './context.ts'
import type { Row } from './print.ts'
import { readText } from './text-file.ts'

interface ApplyOptions {
  dryRun?: boolean
  secrets?: string
  json?: boolean
}

/** `bank-api apply FILE` */
export function applyCommand({
  terminal: { say, sayJson },
  withInstallation,
  withProgress,
}: CommandContext): Command {
  return new Command('apply')
    .description('make the tenants, sites and keys that a file declares; deletes nothing')
    .argument('<file>', 'JSON: docs/hosting.md tells its form')
    .option('--dry-run', 'tell what would change, and change nothing')
    .option('--secrets <file>', 'a new file for the secrets of new keys')
    .option('--json')
    .action((path: string, options: ApplyOptions) =>
      withInstallation(async (installation) => {
        const { store, config, by } = installation
        const declared = read(path)
        const plan = await planOf({ store, config, now: by.at }, declared)
        if (plan.problems.length > 0) throw new CommandError(plan.problems)
        const changes = changesIn(plan)
        const { dryRun = false } = options
        const secrets = dryRun ? undefined : await secretsFile(countNewKeys(plan), options.secrets)
        try {
          await withProgress(async (tell) => {
            let done = 0
            const onDone = () => tell(`applying: ${(done += 1)} steps done`)
            const keep = (key: object) => secrets!.write(`${JSON.stringify(key)}\n`)
            if (!dryRun) await carryOut(installation, plan, { keep, onDone }, by)
          })
        } finally {
          await secrets?.close()
        }

        const verb = dryRun ? 'would_change' : 'changed'
        if (options.json) sayJson({ [verb]: changes, only_here: plan.onlyHere })
        else {
          say(...(changes.length === 0 ? ['nothing to change'] : changes.flatMap(toLines)))
          for (const one of plan.onlyHere)
            say(`! ${nameOf({ ...one })}: not in the file, left alone`)
          if (dryRun && changes.length > 0) say('', 'nothing was changed: a dry run')
          if (secrets) say('', `secrets of new keys: ${options.secrets}`)
        }
      }),
    )
}

function read(path: string): Declaration {
  const found = readDeclaration(readText(path))
  if ('declared' in found) return found.declared
  throw new CommandError(found.problems.map((problem) => `${path}: ${problem}`))
}

/** Opened before anything is made, for its owner alone; one that is there already is not touched. */
async function secretsFile(
  newKeys: number,
  path: string | undefined,
): Promise<{ write(line: string): Promise<void>; close(): Promise<void> } | undefined> {
  if (newKeys === 0) return undefined
  if (path === undefined) {
    throw new CommandError(`New keys: ${newKeys}. Say with --secrets where their secrets go`)
  }
  const file: FileHandle = await open(path, 'wx', 0o600)
  return {
    // On the disk before the key is: a secret that is lost cannot be had again.
    write: async (line) => {
      await file.appendFile(line)
      await file.sync()
    },
    close: () => file.close(),
  }
}

/** What a plan changes, a row for each thing. */
function changesIn({ tenants }: Plan): Row[] {
  return tenants.flatMap(({ name: tenant, found, newKeys, sites }) => [
    ...(found ? [] : [{ new: 'tenant', tenant }]),
    ...newKeys.map((key) => ({ new: 'key', tenant, ...key })),
    ...sites.flatMap(({ name: site, found: before, change, newKeys: keys }) => [
      ...(before ? [] : [{ new: 'site', tenant, site }]),
      ...Object.entries(change).map(([field, to]) => ({
        set: names[field as keyof typeof names],
        tenant,
        site,
        from: before?.[field as keyof typeof names] ?? null,
        to,
      })),
      ...keys.map((key) => ({ new: 'key', tenant, site, ...key })),
    ]),
  ])
}

/** The names that the file has for what a site has. */
const names = {
  origin: 'origin',
  allowedOrigins: 'allowed_origins',
  webhookUrl: 'webhook_url',
  timeZone: 'time_zone',
  remindBy: 'remind_by',
} as const

const nameOf = ({ tenant, site, key, label }: Row): string =>
  [tenant, site, key === undefined ? undefined : `key ${String(key)}`, label]
    .filter((word) => word !== undefined && word !== null)
    .join(', ')

/** A change of a value stands below its name, as in a diff: addresses are long. */
function toLines({ new: made, set, from, to, label, read_only, ...whose }: Row): string[] {
  const name = nameOf(whose)
  if (set !== undefined) {
    const before = from === null ? [] : [`  - ${shown(from)}`]
    return [`~ ${String(set)} of ${name}`, ...before, `  + ${shown(to)}`]
  }
  if (made !== 'key') return [`+ ${String(made)} ${name}`]
  return [`+ key ${String(label)} of ${name}${read_only ? ', which only reads' : ''}`]
}

const shown = (value: Row[string] | undefined): string =>
  Array.isArray(value) ? value.join(' ') || '-' : String(value ?? '-')
