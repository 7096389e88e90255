/** What an expression reads: a metric, and what it asks of labels. */
export interface Selector {
  metric: string
  matchers: { label: string; operator: string; value: string }[]
}

const metric = /\b((?:bank_api|process|nodejs)_\w+|up|ALERTS)\b(?:\{([^}]*)\})?/g

function selectorsOf(expression: string): Selector[] {
  return [...expression.matchAll(metric)].map(([, name = '', inner = '']) => ({
    metric: name,
    matchers: [...inner.matchAll(/(\w+)\s*(=~|!~|!=|=)\s*"([^"]*)"/g)].map(
      ([, label = '', operator = '', value = '']) => ({ label, operator, value }),
    ),
  }))
}

/** The labels by which an expression groups, or joins. */
const groupingOf = (expression: string): string[] =>
  [...expression.matchAll(/\b(?:by|on|without|ignoring) \(([^)]*)\)/g)].flatMap(([, labels = '']) =>
    labels.split(',').map((label) => label.trim()),
  )

/** What /metrics says: of each metric the labels that its samples have, and their values. */
export type Exposed = Map<string, Map<string, Set<string>>>

export function exposedIn(text: string): Exposed {
  const exposed: Exposed = new Map()
  for (const [, name = '', inner = ''] of text.matchAll(/^(\w+)(?:\{(.*)\})? \S+$/gm)) {
    const labels = exposed.get(name) ?? new Map<string, Set<string>>()
    exposed.set(name, labels)
    for (const [, label = '', value = ''] of inner.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)) {
      labels.set(label, (labels.get(label) ?? new Set()).add(value))
    }
  }
  return exposed
}

/** Labels that Prometheus adds to each series, and metrics that it makes itself. */
const added = ['job', 'instance']
const ofPrometheus: Record<string, string[]> = {
  up: [],
  ALERTS: ['alertname', 'alertstate', 'severity'],
}

/** What an expression reads that the server does not show: metrics, labels, and values that it asks for by name. */
export function unknownIn(expression: string, exposed: Exposed): string[] {
  const selectors = selectorsOf(expression)
  const labelsOf = (name: string): string[] => [
    ...added,
    ...(ofPrometheus[name] ?? exposed.get(name)?.keys() ?? []),
  ]
  const isThere = ({ metric: name }: Selector) => name in ofPrometheus || exposed.has(name)
  return [
    ...selectors.filter((one) => !isThere(one)).map(({ metric: name }) => name),
    ...selectors.flatMap(({ metric: name, matchers }) =>
      matchers
        .filter(({ label, operator, value }) => {
          if (!labelsOf(name).includes(label)) return true
          const values = exposed.get(name)?.get(label)
          return values !== undefined && operator === '=' && !values.has(value)
        })
        .map(({ label, value }) => `${name}{${label}="${value}"}`),
    ),
    ...groupingOf(expression)
      .filter((label) => !selectors.some(({ metric: name }) => labelsOf(name).includes(label)))
      .map((label) => `by (${label})`),
  ]
}
