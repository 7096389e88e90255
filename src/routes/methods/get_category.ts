import { z } from 'zod'
import { childrenOf } from '../../bridge/resources/categories.ts'
import { DoesNotExistError } from '../../errors.ts'
import { identifier, optional, optionalText } from '../../frappe/arguments.ts'
import { defineMethod } from '../context.ts'

/** A transaction category in `lang`; without an id the whole tree. */
export const getCategory = defineMethod({
  name: 'bank_api.bridge.get_category',
  params: z.object({ lang: optionalText(), category_id: optional(identifier) }),
  async run({ reference, language, present, fresh }, { lang, category_id: id }) {
    const tree = await reference.categories(language(lang))
    fresh.readAt(reference.categoriesReadAt(language(lang)))
    if (id === undefined) return present.list(tree, present.category)

    for (const parent of tree) {
      if (parent.id === id) return present.category(parent)
      const child = childrenOf(parent).find((category) => category.id === id)
      if (child) return present.category({ ...child, parent_id: child.parent_id ?? parent.id })
    }
    throw new DoesNotExistError(`Category ${id} not found`)
  },
})
