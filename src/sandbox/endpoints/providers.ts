import type { FastifyInstance } from 'fastify'
import { notFound } from '../problem.ts'
import { asked, queryOf } from '../guard.ts'
import { listBody, pageOf, readPage, several, type Query } from '../pagination.ts'
import { providers as known, type Provider } from '../providers.ts'
import type { Box } from '../box.ts'

/** Bridge, "List providers": needs no bearer. Several values may be repeated or separated by commas. */
export function providers(app: FastifyInstance, box: Box): void {
  const shown = () => (box.switches.enums === 'unknown' ? known.map(withNewWords) : known)

  app.get('/v3/providers', async (request) => {
    const query = queryOf(request)
    const page = readPage(query, box.switches)
    const { rows, next } = pageOf(shown().filter(wanted(query)), ({ id }) => id, page)
    return listBody(rows, next, asked(request, page.limit), box.switches)
  })

  app.get<{ Params: { id: string } }>('/v3/providers/:id', async (request) => {
    const id = Number(request.params.id)
    const provider = shown().find((one) => one.id === id)
    if (provider === undefined) throw notFound()
    return provider
  })
}

function wanted(query: Query): (provider: Provider) => boolean {
  const countries = several(query, 'country_code')
  const capabilities = several(query, 'capabilities')
  const any = (name: string, values: readonly string[]): boolean => {
    const asked = several(query, name)
    return asked.length === 0 || asked.some((one) => values.includes(one))
  }
  return (provider) =>
    (countries.length === 0 || countries.includes(provider.country_code)) &&
    capabilities.every((one) => provider.capabilities.includes(one)) &&
    any('aggregation_release_status', [provider.aggregation_metadata.release_status]) &&
    any('payment_release_status', [provider.payment_metadata?.release_status ?? '']) &&
    any('provider_environments', provider.payment_metadata?.provider_environments ?? []) &&
    any('segment', provider.tags.segment)
}

const withNewWords = (provider: Provider): Provider => ({
  ...provider,
  aggregation_metadata: { release_status: 'early_access' },
  health_status: { aggregation: { status: 'degraded' } },
})
