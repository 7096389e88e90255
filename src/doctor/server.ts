import { isLiving } from '../cluster/liveness.ts'
import type { SeenMember } from '../db/ports/members.ts'
import type { Localized } from '../language.ts'
import { codeOf } from '../terminal/system-errors.ts'
import type { Examination } from './examination.ts'
import { critical, ok, warning, type Finding } from './finding.ts'

/** Whether a server runs here, and whether its public name leads to it: browsers and Bridge come by that name. */
export async function checkServer({
  publicUrl,
  store,
  clock,
  probes,
  isBrief = false,
}: Examination): Promise<Finding[]> {
  const members = await store.listMembers()
  const now = clock.now()
  const living = members.filter((each) => isLiving(each, now))
  // Who examines itself runs, whatever time a sandbox's lever made it.
  const running = isBrief || living.length > 0
  const findings: Finding[] = []
  if (!isBrief) {
    const silent = members.filter((each) => !living.includes(each))
    findings.push(
      ...(store.isShared ? judgeServers(living, silent, now) : [judgeServer(members[0], now)]),
    )
  }

  const check = { en: 'public address', fr: 'adresse publique' }
  const answer = await probes.get(`${publicUrl}/live`).catch((error: unknown) => error as Error)
  if (answer instanceof Error) {
    const message = {
      en: `${publicUrl} cannot be reached from here: ${codeOf(answer)}`,
      fr: `${publicUrl} est injoignable d’ici : ${codeOf(answer)}`,
    }
    const act = {
      en: 'Check DNS, the certificate and the reverse proxy; Bridge and browsers use that name.',
      fr: 'Vérifiez le DNS, le certificat et le proxy inverse ; Bridge et les navigateurs utilisent ce nom.',
    }
    const code = 'public_address.unreachable'
    const told = running ? critical : warning
    findings.push(told(code, check, message, act))
    return findings
  }
  // What a balancer says that has nobody behind it: no second finding, which would send one to the balancer.
  if (!running && [502, 503, 504].includes(answer.status)) return findings
  const isOfOurKind = answer.status === 200 && answer.body.includes('"live"')
  findings.push(
    isOfOurKind
      ? // Of which installation it is no stranger is told, and so we are not.
        ok('public_address.ok', check, `a Bank API answers at ${publicUrl}`)
      : critical(
          'public_address.leads_elsewhere',
          check,
          {
            en: `${publicUrl}/live answers ${answer.status}, and not as a Bank API would`,
            fr: `${publicUrl}/live répond ${answer.status}, et pas comme un Bank API le ferait`,
          },
          {
            en: 'Let the reverse proxy pass every path to this server, and compare PUBLIC_URL with its name.',
            fr: 'Que le proxy inverse transmette chaque chemin à ce serveur, et comparez PUBLIC_URL avec son nom.',
          },
        ),
  )
  return findings
}

const nameOf = ({ pid, host }: SeenMember): Localized => ({
  en: `process ${pid} on ${host}`,
  fr: `le processus ${pid} sur ${host}`,
})

const noServer = {
  en: 'no server has this database open',
  fr: 'aucun serveur n’a cette base ouverte',
}

/** Who gave no sign of life, and for how long. */
const silenceOf = (each: SeenMember, now: number): Localized => {
  const seconds = Math.round((now - each.seenAt) / 1_000)
  return {
    en: `${nameOf(each).en} has been silent for ${seconds} s`,
    fr: `${nameOf(each).fr} se tait depuis ${seconds} s`,
  }
}

/** The living ones strike a silent one off within seconds: those that stay are the last that there were. */
function judgeServers(
  living: readonly SeenMember[],
  silent: readonly SeenMember[],
  now: number,
): Finding[] {
  const check = { en: 'servers', fr: 'serveurs' }
  const act = {
    en: 'See whether it runs; `bank-api member list` names them all.',
    fr: 'Voyez s’il tourne ; `bank-api member list` les nomme tous.',
  }
  const silences = silent.map((each) => silenceOf(each, now))
  if (living.length === 0) {
    const none = {
      en: [noServer.en, ...silences.map(({ en }) => en)].join('; '),
      fr: [noServer.fr, ...silences.map(({ fr }) => fr)].join(' ; '),
    }
    return [critical('server.none', check, none, { en: 'Start one.', fr: 'Démarrez-en un.' })]
  }
  const names = living.map((each) => nameOf(each).en).join(', ')
  return [
    ok('server.ok', check, `${living.length}: ${names}`),
    ...silences.map((silence) => warning('server.silent', check, silence, act)),
  ]
}

function judgeServer(member: SeenMember | undefined, now: number): Finding {
  const check = { en: 'server', fr: 'serveur' }
  if (member && isLiving(member, now)) {
    return ok('server.ok', check, `runs as ${nameOf(member).en}`)
  }
  // A server that runs says so every few seconds, by the clock as it is now.
  if (member && member.seenAt > now) {
    return critical(
      'server.time_to_come',
      check,
      {
        en: `${nameOf(member).en} was last seen at a time to come`,
        fr: `${nameOf(member).fr} a été vu à une heure à venir`,
      },
      {
        en: 'Compare the clocks of this machine and of that one, and see whether it runs.',
        fr: 'Comparez les horloges de cette machine et de l’autre, et voyez s’il tourne.',
      },
    )
  }
  return critical('server.none', check, noServer, { en: 'Start it.', fr: 'Démarrez-le.' })
}
