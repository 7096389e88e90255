import type { EventState, ListedEvent } from '../ports/history.ts'

/** How an event stands on its way to its site. */
export const stateOfEvent = ({
  delivery,
  hasBody,
}: Pick<ListedEvent, 'delivery' | 'hasBody'>): EventState =>
  delivery?.state ?? (hasBody ? 'kept' : 'forgotten')
