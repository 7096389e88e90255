import { codeOf } from '../terminal/system-errors.ts'
import type { Examination } from './examination.ts'
import type { Localized } from '../language.ts'
import { critical, ok, warning, type Finding } from './finding.ts'

/** A clock this far off breaks signatures and consent dates; this far is worth a word. In milliseconds. */
export const drift = { critical: 120_000, warning: 10_000 }

/** What is examined here; alerts know a problem by its check. */
export const credentialsCheck: Localized = { en: 'bridge credentials', fr: 'identifiants Bridge' }
export const clockCheck: Localized = { en: 'clock', fr: 'horloge' }

/** Whether Bridge takes our credentials, and what time it is there. */
export async function checkBridge({
  probes,
  clock,
  config,
  bridgeOrigin,
  credentials,
  store,
}: Examination): Promise<Finding[]> {
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
      ? {
          en: 'Start the server: the sandbox runs inside it.',
          fr: 'Démarrez le serveur : le bac à sable tourne dedans.',
        }
      : {
          en: 'Check the network, DNS, the firewall and HTTPS_PROXY from this machine to Bridge.',
          fr: 'Vérifiez le réseau, le DNS, le pare-feu et HTTPS_PROXY de cette machine à Bridge.',
        }
    const message = {
      en: `Bridge cannot be reached at ${bridgeOrigin}: ${codeOf(answer)}`,
      fr: `Bridge est injoignable à ${bridgeOrigin} : ${codeOf(answer)}`,
    }
    return [critical('bridge.unreachable', credentialsCheck, message, act)]
  }
  const { status, date } = answer
  const findings = [judgeStatus(status)]
  // A sandbox's clock is moved by a lever.
  if (date !== undefined && !config.sandbox) {
    findings.push(judgeDrift(clock.now() - date, store.isShared))
  }
  return findings
}

function judgeStatus(status: number): Finding {
  const check = credentialsCheck
  if (status === 200) return ok('bridge.ok', check, 'accepted by Bridge')
  if (status === 401 || status === 403) {
    return critical(
      'bridge.credentials_refused',
      check,
      { en: `Bridge refuses them (${status})`, fr: `Bridge les refuse (${status})` },
      {
        en: "Compare BRIDGE_CLIENT_ID and BRIDGE_CLIENT_SECRET with the application in Bridge's dashboard, and its list of allowed addresses with ours.",
        fr: 'Comparez BRIDGE_CLIENT_ID et BRIDGE_CLIENT_SECRET avec l’application dans le tableau de bord de Bridge, et sa liste d’adresses autorisées avec la nôtre.',
      },
    )
  }
  if (status === 429) {
    return warning(
      'bridge.ailing',
      check,
      {
        en: 'Bridge answers 429: it takes no more calls of this application now',
        fr: 'Bridge répond 429 : il n’accepte plus d’appels de cette application pour l’instant',
      },
      {
        en: 'Wait a minute. What is left of ours, and who waits, tells `bank-api quota`; another program may spend the same.',
        fr: 'Attendez une minute. `bank-api quota` dit ce qui reste et qui attend ; un autre programme dépense peut-être le même quota.',
      },
    )
  }
  const message = { en: `Bridge answers ${status}`, fr: `Bridge répond ${status}` }
  const act = {
    en: "Look at Bridge's status page. Calls are tried again by themselves.",
    fr: 'Regardez la page d’état de Bridge. Les appels sont réessayés d’eux-mêmes.',
  }
  return warning('bridge.ailing', check, message, act, { rouses: true })
}

/** `Date` is cut to the second, and the answer took a moment. */
function judgeDrift(ms: number, isShared: boolean): Finding {
  const seconds = Math.round(Math.abs(ms) / 1_000)
  const message = {
    en: `${seconds} s ${ms > 0 ? 'ahead of' : 'behind'} Bridge's`,
    fr: `${seconds} s ${ms > 0 ? 'd’avance sur' : 'de retard sur'} celle de Bridge`,
  }
  const act = {
    en: `Let ${isShared ? "the database's machine" : 'the machine'} keep time by NTP: \`timedatectl set-ntp true\`.`,
    fr: `Mettez ${isShared ? 'la machine de la base' : 'la machine'} à l’heure par NTP : \`timedatectl set-ntp true\`.`,
  }
  if (Math.abs(ms) >= drift.critical) return critical('clock.off', clockCheck, message, act)
  if (Math.abs(ms) >= drift.warning) return warning('clock.off', clockCheck, message, act)
  return ok('clock.ok', clockCheck, "agrees with Bridge's")
}
