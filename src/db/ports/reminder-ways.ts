/** How a site's users are reminded of a consent that ends: by the site alone, which gets webhooks, or by our mails too. */
export const reminderWays = ['webhook', 'mail'] as const
export type ReminderWay = (typeof reminderWays)[number]

/** What became of a reminder's mail; null while it is being sent, and for good when that was cut off. */
export const mailEnds = ['sent', 'refused', 'unsure', 'no_address'] as const
export type MailEnd = (typeof mailEnds)[number]
