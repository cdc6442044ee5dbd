import { maxDigits, maxPrefix, maxPresentation } from '../../gatecode/limits.ts'
import { readTyped } from './layouts.ts'
import type { Scan, ScanTrouble } from './scan.ts'

/** Characters of a scan: none of ours has more. */
export const maxLength = Math.max(maxPrefix + maxDigits, maxPresentation)

/** So many characters at a scanner's speed are a scanner's. */
export const minLength = 8

/** Between two keys of a scanner, on average, at most; people who type fast take twice as long. Milliseconds. */
export const maxGap = 50

/** After so long without a key a scan is over; radio and busy machines make shorter pauses within one. Milliseconds. */
export const endPause = 300

/**
 * Hears scanners that type what they read, as a keyboard would, and what is pasted.
 * It tells them from people by their speed. What goes into a field, and shortcuts,
 * are none of its business.
 */
export class Keyboard {
  onScan: (scan: Scan) => void = () => undefined
  onTrouble: (trouble: ScanTrouble) => void = () => undefined

  private target: EventTarget | undefined
  private collected = ''
  private keys = 0
  private firstKey = 0
  private lastKey = 0
  private timer: ReturnType<typeof setTimeout> | undefined

  listen(target: EventTarget = window): void {
    this.close()
    this.target = target
    // Before the page's own: the end of a scan must press no button.
    target.addEventListener('keydown', this.onKey, { capture: true })
    target.addEventListener('paste', this.onPaste)
  }

  close(): void {
    this.target?.removeEventListener('keydown', this.onKey, { capture: true })
    this.target?.removeEventListener('paste', this.onPaste)
    this.target = undefined
    this.clear()
  }

  private readonly onKey = (event: Event) => {
    const key = event as KeyboardEvent
    if (isInField(key) || isShortcut(key)) return
    if (key.key === 'Enter' || key.key === 'Tab') return this.end(key)
    const character = characterOf(key)
    if (character !== undefined) this.collect(character, key)
  }

  private collect(character: string, event: KeyboardEvent): void {
    // The time at which it was typed: a busy page hears of keys late.
    const { timeStamp: now } = event
    if (event.repeat) return this.clear()
    if (now - this.lastKey > endPause) this.clear()
    if (this.keys === 0) this.firstKey = now
    this.lastKey = now
    this.keys++
    if (this.keys <= maxLength) this.collected += character
    // Some browsers search the page for what is typed.
    if (this.isScan()) event.preventDefault()
    clearTimeout(this.timer)
    this.timer = setTimeout(() => this.finish(), endPause)
  }

  private end(event: KeyboardEvent): void {
    if (!this.isScan()) return this.clear()
    event.preventDefault()
    event.stopImmediatePropagation()
    this.finish()
  }

  private finish(): void {
    const { collected } = this
    const whole = this.isScan() && this.keys <= maxLength
    this.clear()
    if (whole) this.tell(collected)
  }

  private clear(): void {
    clearTimeout(this.timer)
    this.collected = ''
    this.keys = 0
  }

  private isScan(): boolean {
    return this.keys >= minLength && this.lastKey - this.firstKey <= maxGap * (this.keys - 1)
  }

  private readonly onPaste = (event: Event) => {
    const text = (event as ClipboardEvent).clipboardData?.getData('text/plain').trim() ?? ''
    if (isInField(event) || text === '' || text.length > maxLength) return
    event.preventDefault()
    this.tell(text)
  }

  private tell(typed: string): void {
    const text = readTyped(typed)
    if (text === undefined) this.onTrouble('keyboard_layout')
    else this.onScan({ text, source: 'keyboard' })
  }
}

/** What stands for a character that a dead key has swallowed. */
const swallowed = '\ufffd'

function characterOf({ key }: KeyboardEvent): string | undefined {
  if (key === 'Dead') return swallowed
  // Every other name of a key, such as Shift, is longer than a character.
  return key.length === 1 ? key : undefined
}

/** AltGr, which types characters, comes as Control and Alt on some systems. */
const isShortcut = (event: KeyboardEvent) =>
  (event.ctrlKey || event.altKey || event.metaKey) && !event.getModifierState('AltGraph')

function isInField(event: Event): boolean {
  const [target] = event.composedPath() as Partial<HTMLElement>[]
  return target?.isContentEditable === true || /^(input|select|textarea)$/i.test(target?.tagName ?? '')
}
