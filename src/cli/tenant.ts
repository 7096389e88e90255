import { existsSync } from 'node:fs'
import { open, rename, rm, type FileHandle } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import { Command } from 'commander'
import { exportTenant } from '../export/tenant-export.ts'
import type { CommandContext } from './context.ts'
import { tenantNamed } from './installation.ts'
import { age } from './listing.ts'
import { time } from './print.ts'
import { megabytes } from './progress.ts'
import { deleting, removeAndPrint, type RemovalOptions } from './delete.ts'
import { newNameArgument } from './arguments.ts'

/** `bank-api tenant …` */
export function tenantCommands(context: CommandContext): Command {
  const {
    printOne,
    printTable,
    withBridge,
    withInstallation,
    withProgress,
    terminal: { sayJsonPieces },
  } = context
  const tenant = new Command('tenant').description('who owns keys and sites')

  tenant
    .command('create')
    .description('make a tenant: a customer, or a host for many')
    .argument('<name>', 'unique name', newNameArgument)
    .option('--json')
    .action((name: string, options: { json?: boolean }) =>
      withInstallation(async ({ store, ids, by }) => {
        const created = await store.createTenant({ id: ids.next('ten'), name }, by)
        printOne({ tenant: created.name, created: time(created.createdAt) }, options)
      }),
    )

  tenant
    .command('list')
    .description('list the tenants, by name')
    .option('--wide', 'every column, however wide')
    .option('--json')
    .action((options: { wide?: boolean; json?: boolean }) =>
      withInstallation(async ({ store, clock }) => {
        const tenants = await store.listTenants()
        const rows = tenants.map(({ name, createdAt, disabledAt }) => ({
          tenant: name,
          created: time(createdAt) ?? '',
          disabled: time(disabledAt),
        }))
        printTable(rows, options, (row) => ({
          tenant: row.tenant,
          age: age(Date.parse(row.created), clock.now()),
          disabled: row.disabled,
        }))
      }),
    )

  const switchCommand = (verb: 'disable' | 'enable', description: string) =>
    tenant
      .command(verb)
      .description(description)
      .argument('<name>')
      .option('--json')
      .action((name: string, options: { json?: boolean }) =>
        withInstallation(async ({ store, by }) => {
          const { id } = await tenantNamed(store, name)
          const changed = await store.setTenantDisabled(id, verb === 'disable', by)
          printOne({ tenant: changed.name, disabled: time(changed.disabledAt) }, options)
        }),
      )
  switchCommand('disable', 'stop all its keys at once; nothing is deleted')
  switchCommand('enable', 'let its keys work again')

  deleting(tenant.command('delete'))
    .description('delete it at Bridge and here; run again, it goes on where it was cut off')
    .argument('<name>')
    .action((name: string, options: RemovalOptions) =>
      withBridge(async (installation) => {
        const tenant = await tenantNamed(installation.store, name)
        const { id } = tenant
        const order = { kind: 'tenant', tenantId: id, subjectId: id, name: tenant.name } as const
        await removeAndPrint(context, installation, order, options)
      }),
    )

  tenant
    .command('export')
    .description('everything held about it, as JSON')
    .argument('<name>')
    .option('--to <file>', 'instead of the terminal')
    .action((name: string, options: { to?: string }) =>
      withInstallation(async ({ store, keyring, by }) => {
        const found = await tenantNamed(store, name)
        const { to } = options
        const file = to === undefined ? undefined : await openPart(to)
        const entry = { ...by, tenantId: found.id, action: 'tenant.exported', subject: found.name }
        const pieces = notedFirst(
          () => store.audit(entry),
          exportTenant({ store, keyring }, found, by.at),
        )
        if (file === undefined || to === undefined) await sayJsonPieces(pieces)
        else await withProgress((tell) => toFile(counted(pieces, tell), file, to))
      }),
    )
  return tenant
}

/** The same pieces, once it is noted that they go out. */
async function* notedFirst(
  note: () => Promise<void>,
  pieces: AsyncIterable<string>,
): AsyncGenerator<string> {
  await note()
  yield* pieces
}

/** The same pieces, telling how much went through. */
async function* counted(
  pieces: AsyncIterable<string>,
  tell: (text: string) => void,
): AsyncGenerator<string> {
  let bytes = 0
  for await (const piece of pieces) {
    tell(`written: ${megabytes(bytes)}`)
    bytes += Buffer.byteLength(piece)
    yield piece
  }
}

/** Where an export grows until it is whole. Throws when its own name is taken. */
async function openPart(path: string): Promise<FileHandle> {
  if (existsSync(path)) throw Object.assign(new Error(), { code: 'EEXIST', path })
  await rm(partOf(path), { force: true }) // of one that was stopped
  return open(partOf(path), 'wx', 0o600)
}

const partOf = (path: string): string => `${path}.part`

/** Gives the file its name once it is whole: half of one looks like an export. */
async function toFile(
  pieces: AsyncIterable<string>,
  file: FileHandle,
  path: string,
): Promise<void> {
  const part = partOf(path)
  try {
    await pipeline(pieces, file.createWriteStream({ flush: true }))
    await rename(part, path)
  } catch (error) {
    await rm(part, { force: true })
    const isOfTheFile = error instanceof Error && 'syscall' in error // and not the database's
    throw isOfTheFile ? Object.assign(error, { path }) : error
  }
}
