/*
 * Limits, in bytes where nothing else is said. All are checked before the work
 * that they bound.
 */

/** Digits of the number: its conversion takes quadratic time. */
export const maxDigits = 3000

/** What precedes the digits, '#' included. */
export const maxPrefix = 128

/** Digits of a code without a URL, at least: other people's numbers are shorter. */
export const minBareDigits = 100

/** A presentation, packed or restored. */
export const maxPresentation = 8192

/** Disclosures in a presentation. */
export const maxDisclosures = 32

/** The inflated text: the template and the strings. */
export const maxText = 4096

/** The side stream. */
export const maxSide = 1024
