import { codeOf, type Examination } from './examination.ts'
import { critical, ok, warning, type Finding } from './finding.ts'

/** A clock this far off breaks signatures and consent dates; this far is worth a word. In milliseconds. */
export const drift = { critical: 120_000, warning: 10_000 }

/** Whether Bridge takes our credentials, and what time it is there. */
export async function checkBridge({
  probes,
  clock,
  config,
  bridgeOrigin,
  credentials,
  store,
}: Examination): Promise<Finding[]> {
  const check = 'bridge credentials'
  // One provider: the cheapest call that needs credentials and no user (Bridge: providers).
  const answer = await probes
    .get(`${bridgeOrigin}/v3/providers?limit=1`, {
      'bridge-version': '2025-01-15',
      'client-id': credentials.clientId,
      'client-secret': credentials.clientSecret,
    })
    .catch((error: unknown) => error as Error)
  if (answer instanceof Error) {
    const act = config.sandbox
      ? 'Start the server: the sandbox runs inside it.'
      : 'Check the network, DNS, the firewall and HTTPS_PROXY from this machine to Bridge.'
    const message = `Bridge cannot be reached at ${bridgeOrigin}: ${codeOf(answer)}`
    return [critical('bridge.unreachable', check, message, act)]
  }
  const { status, date } = answer
  const findings = [judgeStatus(check, status)]
  // A sandbox's clock is moved by a lever.
  if (date !== undefined && !config.sandbox) {
    findings.push(judgeDrift(clock.now() - date, store.isShared))
  }
  return findings
}

function judgeStatus(check: string, status: number): Finding {
  if (status === 200) return ok('bridge.ok', check, 'accepted by Bridge')
  if (status === 401 || status === 403) {
    return critical(
      'bridge.credentials_refused',
      check,
      `Bridge refuses them (${status})`,
      "Compare BRIDGE_CLIENT_ID and BRIDGE_CLIENT_SECRET with the application in Bridge's dashboard, and its list of allowed addresses with ours.",
    )
  }
  if (status === 429) {
    return warning(
      'bridge.ailing',
      check,
      'Bridge answers 429: it takes no more calls of this application now',
      'Wait a minute. What is left of ours, and who waits, tells `bank-api quota`; another program may spend the same.',
    )
  }
  const act = "Look at Bridge's status page. Calls are tried again by themselves."
  return warning('bridge.ailing', check, `Bridge answers ${status}`, act, { rouses: true })
}

/** `Date` is cut to the second, and the answer took a moment. */
function judgeDrift(ms: number, isShared: boolean): Finding {
  const seconds = Math.round(Math.abs(ms) / 1_000)
  const message = `${seconds} s ${ms > 0 ? 'ahead of' : 'behind'} Bridge's`
  const whose = isShared ? "the database's machine" : 'the machine'
  const act = `Let ${whose} keep time by NTP: \`timedatectl set-ntp true\`.`
  if (Math.abs(ms) >= drift.critical) return critical('clock.off', 'clock', message, act)
  if (Math.abs(ms) >= drift.warning) return warning('clock.off', 'clock', message, act)
  return ok('clock.ok', 'clock', "agrees with Bridge's")
}
