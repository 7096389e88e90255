import { z } from 'zod'
import { category, childrenOf } from '../../bridge/resources/categories.ts'
import { DoesNotExistError } from '../../errors.ts'
import { defineMethod } from '../context.ts'
import { dataHeaders } from '../freshness.ts'
import { v2021Category } from '../presentation/category.ts'
import { oneOrAll } from '../presentation/forms.ts'
import { categoryId, lang } from './shared-arguments.ts'

export const getCategory = defineMethod({
  name: 'bank_api.bridge.get_category',
  tag: 'reference',
  summary: 'A transaction category in `lang`; without an id the whole tree.',
  effect: 'reads',
  params: z.object({ lang, category_id: categoryId }),
  result: oneOrAll(category, v2021Category),
  headers: dataHeaders,
  example: { category_id: 273, lang: 'fr' },
  async run({ reference, language, present, fresh }, { lang, category_id: id }) {
    const tree = await reference.categories(language(lang))
    fresh.readAt(reference.categoriesReadAt(language(lang)))
    if (id === undefined) return present.list(tree, present.category)

    for (const parent of tree) {
      if (parent.id === id) return present.category(parent)
      const child = childrenOf(parent).find((category) => category.id === id)
      if (child) return present.category({ ...child, parent_id: child.parent_id ?? parent.id })
    }
    throw new DoesNotExistError('category_not_found', { id })
  },
})
