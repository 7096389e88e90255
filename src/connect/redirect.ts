/** All a redirect may say: Frappe's Desk turns every query parameter into a route option. */
interface Outcome {
  request: string
  success?: boolean
  item_id?: number
  step?: string
}

const ours = new Set(['request', 'success', 'item_id', 'step'])

/** Adds the outcome to a site's URL, whose own query and fragment stay as they were written. */
export function withOutcome(url: string, outcome: Outcome): string {
  const [address = '', ...fragment] = url.split('#')
  const [path = '', ...query] = address.split('?')
  const kept = query
    .join('?')
    .split('&')
    .filter((pair) => pair !== '' && !ours.has(pair.split('=', 1)[0] ?? ''))
  const added = Object.entries(outcome).map(
    ([name, value]) => `${name}=${encodeURIComponent(String(value))}`,
  )
  const hash = fragment.length > 0 ? `#${fragment.join('#')}` : ''
  return `${path}?${[...kept, ...added].join('&')}${hash}`
}
