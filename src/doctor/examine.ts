import { checkAddresses } from './addresses.ts'
import { checkBackup } from './backup.ts'
import { checkBridge } from './bridge.ts'
import { checkWebhooks } from './bridge-webhooks.ts'
import { checkCalls } from './calls.ts'
import { checkConnections } from './connections.ts'
import { checkDatabase } from './database.ts'
import { checkDeliveries } from './deliveries.ts'
import type { Examination } from './examination.ts'
import { critical, ok, warning, type Finding } from './finding.ts'
import { checkKeys } from './keys.ts'
import { checkMachine } from './machine.ts'
import { checkMail } from './mail.ts'
import { checkProxy } from './proxy.ts'
import { checkServer } from './server.ts'
import { checkSites } from './sites.ts'

type Part = (examination: Examination) => Promise<Finding[]>

const parts: Record<string, Part> = {
  environment: checkEnvironment,
  server: checkServer,
  proxy: checkProxy,
  bridge: checkBridge,
  'bridge webhooks': checkWebhooks,
  machine: checkMachine,
  backup: checkBackup,
  database: checkDatabase,
  addresses: checkAddresses,
  keys: checkKeys,
  calls: checkCalls,
  connections: checkConnections,
  mail: checkMail,
  deliveries: checkDeliveries,
  sites: checkSites,
}

/** Looks at everything an operator would; a part that fails is a finding, and the others go on. */
export async function examine(
  examination: Examination,
  onPart: (name: string) => void = () => {},
): Promise<Finding[]> {
  const findings: Finding[] = []
  for (const [name, part] of Object.entries(parts)) {
    onPart(name)
    try {
      findings.push(...(await part(examination)))
    } catch (error) {
      const why = (error as Error).message
      findings.push(
        critical(
          'examination.failed',
          name,
          { en: `could not be examined: ${why}`, fr: `n’a pas pu être examiné : ${why}` },
          {
            en: 'Look at the message; if it makes no sense, it is a bug.',
            fr: 'Regardez le message ; s’il n’a pas de sens, c’est une erreur du programme.',
          },
        ),
      )
    }
  }
  return findings
}

/** Names that look like ours and are not: a setting that was meant and has no effect. */
async function checkEnvironment({ config }: Examination): Promise<Finding[]> {
  const check = { en: 'environment', fr: 'environnement' }
  if (config.warnings.length === 0)
    return [ok('environment.ok', check, 'no variable looks misspelt')]
  const act = {
    en: 'Compare it with .env.example; what belongs to another program may stay.',
    fr: 'Comparez-la avec .env.example ; ce qui est à un autre programme peut rester.',
  }
  return config.warnings.map((message) =>
    warning('environment.unknown_variable', check, message, act),
  )
}
