/** Texts by their keys. What differs from case to case stands as `{name}`. */
type Catalogue = Readonly<Record<string, string>>

/** The names between a template's braces. */
export type Names<Template extends string> =
  Template extends `${string}{${infer Name}}${infer Rest}` ? Name | Names<Rest> : never

/** What the compiler asks of a translation: no other keys, and in each text the same names. */
type Faithful<Original extends Catalogue, Translated extends Catalogue> = {
  [Key in keyof Translated]: Key extends keyof Original
    ? [Names<Original[Key]>, Names<Translated[Key]>] extends [
        Names<Translated[Key]>,
        Names<Original[Key]>,
      ]
      ? string
      : { theOriginalHas: Names<Original[Key]> }
    : never
}

/** A catalogue in another language. It compiles only with every key of the original, no other, and the same names in each text. */
export const translate = <
  const Original extends Catalogue,
  const Translated extends Readonly<Record<keyof Original, string>>,
>(
  _original: Original,
  translated: Translated & Faithful<Original, Translated>,
): Translated => translated

/** The template with its values. What stands in a value is not looked at again. */
export const fill = (template: string, valueOf: (name: string) => string): string =>
  template.replaceAll(/\{(\w+)\}/g, (_all, name: string) => valueOf(name))
