export interface Text {
  clean: string
  /** `{d}` is the day it was made, `{n}` a number of its own. */
  raw: string
  category: number
  operation: 'card' | 'transfer' | 'direct_debit' | 'withdrawal' | 'fee' | 'interest' | 'cheque'
  /** Least and most, in euros; negative is a debit. */
  amount: readonly [number, number]
}

const text = (
  clean: string,
  raw: string,
  category: number,
  operation: Text['operation'],
  from: number,
  to: number,
): Text => ({ clean, raw, category, operation, amount: [from, to] })

const card = (clean: string, category: number, from: number, to: number): Text =>
  text(clean, `PAIEMENT PAR CARTE {d} ${clean.toUpperCase()} {n}`, category, 'card', -from, -to)

const debit = (clean: string, category: number, from: number, to: number): Text =>
  text(clean, `PRLV SEPA ${clean.toUpperCase()} REF {n}`, category, 'direct_debit', -from, -to)

const personalCards = [
  card('Épicerie du Marché', 273, 4, 90),
  card('Supermarché Belle Étoile', 273, 12, 160),
  card('Boulangerie Moreau', 273, 1.2, 14),
  card('Café de la Gare', 227, 2, 18),
  card('Bistrot Chez Lucette', 83, 14, 85),
  card('Pizzeria Vesuvio', 83, 10, 48),
  card('Station Relais Nord', 87, 25, 95),
  card('Chemins de fer', 197, 9, 140),
  card('Péage autoroute', 309, 2, 38),
  card('Librairie des Arcades', 294, 6, 60),
  card('Pharmacie Centrale', 294, 4, 45),
  card('Cinéma Le Rex', 294, 7, 32),
]
const personal = [
  ...personalCards,
  ...personalCards,
  debit('Opérateur Mobile', 277, 9, 30),
  debit('Électricité de Ville', 217, 40, 130),
  text('Retrait distributeur', 'RETRAIT DAB {d} {n}', 85, 'withdrawal', -20, -100),
  text(
    'Virement reçu Martin',
    'VIR SEPA RECU /DE CAMILLE MARTIN /REF {n}',
    326,
    'transfer',
    10,
    250,
  ),
  text('Virement émis', 'VIR SEPA EMIS /A PAUL GIRARD /REF {n}', 326, 'transfer', -15, -300),
  text('Chèque', 'CHEQUE {n}', 1, 'cheque', -20, -180),
]
const businessCards = [
  card('Papeterie Lemoine', 90, 8, 210),
  card('Quincaillerie Durand', 90, 5, 320),
  card('Hébergement en ligne', 91, 6, 95),
  card('Logiciels Atelier', 91, 12, 260),
  card('Restaurant Le Comptoir', 83, 16, 120),
  card('Chemins de fer', 197, 18, 220),
  card('Station Relais Nord', 87, 30, 110),
]
const business = [
  ...businessCards,
  text(
    'Règlement client Dubois',
    'VIR SEPA RECU /DE SARL DUBOIS /FACT {n}',
    3,
    'transfer',
    120,
    1800,
  ),
  text(
    'Règlement client Lefèvre',
    'VIR SEPA RECU /DE ETS LEFEVRE /FACT {n}',
    3,
    'transfer',
    90,
    1400,
  ),
  text(
    'Règlement client Horizon',
    'VIR SEPA RECU /DE HORIZON SAS /FACT {n}',
    3,
    'transfer',
    60,
    900,
  ),
  text(
    'Fournisseur Bernard',
    'VIR SEPA EMIS /A BERNARD ET FILS /FACT {n}',
    90,
    'transfer',
    -80,
    -1600,
  ),
  text(
    'Fournisseur Atlantique',
    'VIR SEPA EMIS /A ATLANTIQUE NEGOCE /FACT {n}',
    90,
    'transfer',
    -50,
    -950,
  ),
  debit('Assurance Pro', 294, 35, 140),
  text('Commission bancaire', 'COMMISSION MOUVEMENT {n}', 92, 'fee', -1, -14),
]
const savings = [
  text('Versement épargne', 'VERSEMENT LIVRET {n}', 326, 'transfer', 20, 300),
  text('Retrait épargne', 'RETRAIT LIVRET {n}', 326, 'transfer', -20, -280),
]
const securities = [
  text('Achat de titres', 'ACHAT COMPTANT {n}', 94, 'transfer', -60, -900),
  text('Vente de titres', 'VENTE COMPTANT {n}', 94, 'transfer', 60, 900),
  text('Dividende', 'COUPON {n}', 93, 'interest', 4, 90),
]

/** What each of the twelve accounts spends and receives, by position. */
export const textsOf: readonly (readonly Text[])[] = [
  personal,
  personal,
  business,
  personal,
  personalCards,
  businessCards,
  savings,
  securities,
  securities,
  securities,
  [],
  [],
]

/** What comes each month on its day, to the account at its position. */
export const monthly: readonly { position: number; day: number; text: Text }[] = [
  {
    position: 0,
    day: 28,
    text: text('Salaire', 'VIR SEPA SALAIRE {n}', 230, 'transfer', 2380, 2380),
  },
  { position: 0, day: 5, text: debit('Loyer Agence du Parc', 216, 740, 740) },
  { position: 0, day: 8, text: debit('Box Internet', 180, 34.99, 34.99) },
  { position: 1, day: 10, text: debit('Échéance prêt', 95, 985.4, 985.4) },
  {
    position: 1,
    day: 27,
    text: text('Salaire', 'VIR SEPA SALAIRE {n}', 230, 'transfer', 2110, 2110),
  },
  { position: 2, day: 19, text: debit('DGFIP TVA', 302, 480, 1250) },
  { position: 2, day: 26, text: debit('Salaires', 230, 1800, 2100) },
  { position: 2, day: 15, text: debit('Cotisations', 206, 310, 640) },
  {
    position: 10,
    day: 10,
    text: text('Échéance', 'ECHEANCE PRET {n}', 95, 'direct_debit', 985.4, 985.4),
  },
  {
    position: 11,
    day: 10,
    text: text('Échéance', 'ECHEANCE PRET {n}', 95, 'direct_debit', 241.75, 241.75),
  },
]
