import type { Language } from '../language.ts'

export interface Category {
  id: number
  parent: number | undefined
  fr: string
  en: string
}

const family = (
  parent: [id: number, fr: string, en: string],
  ...children: [id: number, fr: string, en: string][]
): Category[] => [
  { id: parent[0], parent: undefined, fr: parent[1], en: parent[2] },
  ...children.map(([id, fr, en]) => ({ id, parent: parent[0], fr, en })),
]

/**
 * A tree shaped like Bridge's. Ids follow what its documentation and its clients show, where they
 * show one; the names are ours.
 */
export const categories: readonly Category[] = [
  ...family([2, 'Revenus', 'Income'], [230, 'Salaires', 'Salaries'], [3, 'Ventes', 'Sales']),
  ...family(
    [160, 'Impôts & Taxes', 'Taxes'],
    [159, 'Impôts fonciers', 'Property tax'],
    [206, 'Taxes', 'Duties'],
    [208, 'Impôts sur le revenu', 'Income tax'],
    [302, 'TVA', 'VAT'],
  ),
  ...family(
    [161, 'Logement', 'Home'],
    [216, 'Loyer', 'Rent'],
    [217, 'Électricité', 'Electricity'],
    [218, 'Gaz', 'Gas'],
  ),
  ...family(
    [162, 'Alimentation & Restauration', 'Food & dining'],
    [273, 'Supermarché / Épicerie', 'Groceries'],
    [83, 'Restaurants', 'Restaurants'],
    [227, 'Bars & Cafés', 'Bars & coffee'],
    [313, 'Café', 'Coffee'],
  ),
  ...family(
    [165, 'Auto & Transports', 'Car & transport'],
    [87, 'Carburant', 'Fuel'],
    [197, 'Train', 'Train'],
    [309, 'Péage', 'Tolls'],
  ),
  ...family(
    [170, 'Abonnements', 'Subscriptions'],
    [180, 'Internet', 'Internet'],
    [277, 'Téléphone mobile', 'Mobile phone'],
  ),
  ...family(
    [303, 'Retraits & Virements', 'Withdrawals & transfers'],
    [85, 'Retraits', 'Cash withdrawals'],
    [326, 'Virements internes', 'Internal transfers'],
  ),
  ...family(
    [189, 'Dépenses pro', 'Business expenses'],
    [90, 'Fournitures', 'Supplies'],
    [91, 'Services en ligne', 'Online services'],
    [92, 'Frais bancaires', 'Bank fees'],
  ),
  ...family(
    [192, 'Épargne & Crédits', 'Savings & loans'],
    [93, 'Intérêts', 'Interest'],
    [94, 'Titres', 'Securities'],
    [95, 'Échéances de prêt', 'Loan payments'],
  ),
  ...family([1, 'À classer', 'Uncategorised'], [294, 'Autres dépenses', 'Other expenses']),
]

/** Parents with their children, as the list answers them. */
export function categoryTree(
  language: Language,
): { id: number; name: string; categories: object[] }[] {
  return categories
    .filter(({ parent }) => parent === undefined)
    .map((one) => ({
      id: one.id,
      name: one[language],
      categories: categories
        .filter(({ parent }) => parent === one.id)
        .map((child) => ({ id: child.id, name: child[language] })),
    }))
}
