import { checkAddresses } from './addresses.ts'
import { checkDatabase } from './database.ts'
import { checkBridge } from './bridge.ts'
import type { Examination } from './examination.ts'
import { checkExpiring } from './expiring.ts'
import { critical, ok, warning, type Finding } from './finding.ts'
import { checkMachine } from './machine.ts'
import { checkServer } from './server.ts'
import { checkSites } from './sites.ts'

type Part = (examination: Examination) => Promise<Finding[]>

const parts: Record<string, Part> = {
  environment: checkEnvironment,
  server: checkServer,
  bridge: checkBridge,
  machine: checkMachine,
  database: checkDatabase,
  addresses: checkAddresses,
  expiring: checkExpiring,
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
      const message = `could not be examined: ${(error as Error).message}`
      findings.push(
        critical(name, message, 'Look at the message; if it makes no sense, it is a bug.'),
      )
    }
  }
  return findings
}

/** Names that look like ours and are not: a setting that was meant and has no effect. */
async function checkEnvironment({ config }: Examination): Promise<Finding[]> {
  const check = 'environment'
  if (config.warnings.length === 0) return [ok(check, 'no variable looks misspelt')]
  const act = 'Compare it with .env.example; what belongs to another program may stay.'
  return config.warnings.map((message) => warning(check, message, act))
}
