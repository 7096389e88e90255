import { Command } from 'commander'
import { withInstallation } from './installation.ts'
import { nameArgument } from './names.ts'
import { printOne, printTable, time } from './print.ts'

/** `bank-api tenant …` */
export function tenantCommands(): Command {
  const tenant = new Command('tenant').description('who owns keys and sites')

  tenant
    .command('create')
    .argument('<name>', 'unique name', nameArgument)
    .option('--json')
    .action((name: string, options: { json?: boolean }) =>
      withInstallation(async ({ store, ids, by }) => {
        const created = await store.createTenant({ id: ids.next('ten'), name }, by)
        printOne({ tenant: created.name, created: time(created.createdAt) }, options)
      }),
    )

  tenant
    .command('list')
    .option('--json')
    .action((options: { json?: boolean }) =>
      withInstallation(async ({ store }) => {
        const tenants = await store.listTenants()
        const rows = tenants.map(({ name, createdAt, disabledAt }) => ({
          tenant: name,
          created: time(createdAt),
          disabled: time(disabledAt),
        }))
        printTable(rows, options)
      }),
    )
  return tenant
}
