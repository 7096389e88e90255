import { isLiving } from '../cluster/liveness.ts'
import type { SeenMember } from '../db/ports/members.ts'
import { codeOf, type Examination } from './examination.ts'
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

  const check = 'public address'
  const answer = await probes.get(`${publicUrl}/live`).catch((error: unknown) => error as Error)
  if (answer instanceof Error) {
    const message = `${publicUrl} cannot be reached from here: ${codeOf(answer)}`
    const act =
      'Check DNS, the certificate and the reverse proxy; Bridge and browsers use that name.'
    const code = 'public_address.unreachable'
    const told = running ? critical : warning
    findings.push(told(code, check, message, act))
    return findings
  }
  const isOurs = answer.status === 200 && answer.body.includes('"live"')
  findings.push(
    isOurs
      ? ok('public_address.ok', check, `${publicUrl} leads here`)
      : critical(
          'public_address.leads_elsewhere',
          check,
          `${publicUrl}/live answers ${answer.status}, and not as this server would`,
          'Let the reverse proxy pass every path to this server, and compare PUBLIC_URL with its name.',
        ),
  )
  return findings
}

const nameOf = ({ pid, host }: SeenMember): string => `process ${pid} on ${host}`

/** The living ones strike a silent one off within seconds: one that stays is the last that there was. */
function judgeServers(
  living: readonly SeenMember[],
  silent: readonly SeenMember[],
  now: number,
): Finding[] {
  const check = 'servers'
  const act = 'See whether it runs; `bank-api member list` names them all.'
  return [
    living.length === 0
      ? critical('server.none', check, 'no server has this database open', 'Start one.')
      : ok('server.ok', check, `${living.length}: ${living.map(nameOf).join(', ')}`),
    ...silent.map((each) => {
      const seconds = Math.round((now - each.seenAt) / 1_000)
      return warning(
        'server.silent',
        check,
        `${nameOf(each)} has been silent for ${seconds} s`,
        act,
      )
    }),
  ]
}

function judgeServer(member: SeenMember | undefined, now: number): Finding {
  if (member && isLiving(member, now)) {
    return ok('server.ok', 'server', `runs as process ${member.pid} on ${member.host}`)
  }
  // A server that runs says so every few seconds, by the clock as it is now.
  if (member && member.seenAt > now) {
    const message = `process ${member.pid} on ${member.host} was last seen at a time to come`
    return critical(
      'server.time_to_come',
      'server',
      message,
      'Compare the clocks of this machine and of that one, and see whether it runs.',
    )
  }
  return critical('server.none', 'server', 'no server has this database open', 'Start it.')
}
