import { readFileSync } from 'node:fs'

interface Source {
  type: string
  uid: string
}

/** What tests look at of a dashboard of Grafana's. */
interface Dashboard {
  templating: { list: { name: string; type: string }[] }
  panels: {
    id: number
    type: string
    title: string
    description: string
    gridPos: { x: number; y: number; w: number; h: number }
    datasource: Source
    targets: { refId: string; expr: string; datasource: Source }[]
  }[]
}

const file = new URL('../../../docs/grafana.json', import.meta.url)

export const dashboard = JSON.parse(readFileSync(file, 'utf8')) as Dashboard

/** Its queries, with an installation and a span in the place of Grafana's variables. */
export const expressionsOf = ({ panels }: Dashboard): string[] =>
  panels.flatMap(({ targets }) =>
    targets.map(({ expr }) =>
      expr.replaceAll('$__rate_interval', '5m').replaceAll('$job', 'bank-api'),
    ),
  )
