import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { golden } from '../../gatecode/kit.ts'
import { endPause, Keyboard, maxGap, maxLength, minLength } from './keyboard.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const { code } = golden[0]

interface Press {
  target?: object
  repeat?: boolean
  ctrlKey?: boolean
  altKey?: boolean
  altGraph?: boolean
}

/** A page with somebody, or something, at its keyboard. */
function setUp() {
  const [page, told] = [new EventTarget(), [] as string[]]
  const keyboard = new Keyboard()
  keyboard.onScan = ({ text, source }) => void told.push(`${source}: ${text}`)
  keyboard.onTrouble = (trouble) => void told.push(trouble)
  keyboard.listen(page)
  const passed: string[] = [] // what reached the page after the keyboard
  page.addEventListener('keydown', (event) => void passed.push((event as KeyboardEvent).key))
  let now = 1_000
  const send = (event: Event, { target = {}, altGraph = false }: Press) => {
    Object.defineProperty(event, 'timeStamp', { value: now })
    Object.assign(event, { composedPath: () => [target, page], getModifierState: () => altGraph })
    page.dispatchEvent(event)
    return event.defaultPrevented
  }
  const press = (key: string, { repeat = false, ctrlKey = false, altKey = false, ...more }: Press = {}) =>
    send(Object.assign(new Event('keydown', { cancelable: true }), { key, repeat, ctrlKey, altKey, metaKey: false }), more)
  const pass = (milliseconds: number) => {
    now += milliseconds
    vi.advanceTimersByTime(milliseconds)
  }
  const type = (text: string, gap = 5, more: Press = {}) => {
    for (const character of text) {
      pass(gap)
      press(character, more)
    }
  }
  const paste = (text: string, target = {}) =>
    send(Object.assign(new Event('paste', { cancelable: true }), { clipboardData: { getData: () => text } }), { target })
  return { keyboard, told, passed, press, type, pass, paste }
}

describe('a scan', () => {
  test('ends with Enter, which presses no button', () => {
    const { told, passed, press, type } = setUp()
    type(code)
    expect(press('Enter')).toBe(true)
    expect(told).toEqual([`keyboard: ${code}`])
    expect(passed).not.toContain('Enter')
  })

  test('ends with Tab, which moves no focus', () => {
    const { told, press, type } = setUp()
    type(code)
    expect(press('Tab')).toBe(true)
    expect(told).toEqual([`keyboard: ${code}`])
  })

  test('ends with a pause', () => {
    const { told, type, pass } = setUp()
    type(code)
    pass(endPause - 1)
    expect(told).toEqual([])
    pass(1)
    expect(told).toEqual([`keyboard: ${code}`])
  })

  test('goes on after a short one', () => {
    const { told, press, type, pass } = setUp()
    type(code.slice(0, 600))
    pass(endPause - 10)
    type(code.slice(600))
    press('Enter')
    expect(told).toEqual([`keyboard: ${code}`])
  })

  test('may falter at its first characters', () => {
    const { told, press, type, pass } = setUp()
    type(code.slice(0, 3))
    pass(endPause - 10)
    type(code.slice(3))
    press('Enter')
    expect(told).toEqual([`keyboard: ${code}`])
  })

  test('is as fast as a scanner', () => {
    const { told, press, type, pass } = setUp()
    type(code, maxGap)
    press('Enter')
    expect(told).toEqual([`keyboard: ${code}`])
    pass(endPause)
    type(code, maxGap + 1)
    expect(press('Enter')).toBe(false)
    expect(told).toHaveLength(1)
  })

  test('has enough characters', () => {
    const { told, press, type } = setUp()
    type('1'.repeat(minLength - 1))
    press('Enter')
    expect(told).toEqual([])
    type('1'.repeat(minLength))
    press('Enter')
    expect(told).toEqual([`keyboard: ${'1'.repeat(minLength)}`])
  })

  test('has not too many', () => {
    const { told, press, type, pass } = setUp()
    type('a'.repeat(maxLength), 1)
    press('Enter')
    expect(told).toHaveLength(1)
    type('a'.repeat(maxLength + 1), 1)
    press('Enter')
    type('a'.repeat(maxLength + 2), 1)
    pass(endPause)
    expect(told).toHaveLength(1)
  })

  test('follows another', () => {
    const { told, press, type } = setUp()
    for (const each of ['first one', 'second one']) {
      type(each)
      press('Enter')
    }
    expect(told).toEqual(['keyboard: first one', 'keyboard: second one'])
  })

  test('takes capitals and AltGr', () => {
    const { told, press, type } = setUp()
    for (const character of code) {
      if (/[A-Z]/.test(character)) press('Shift')
      type(character, 2, { ctrlKey: character === '#', altKey: character === '#', altGraph: character === '#' })
    }
    press('Enter')
    expect(told).toEqual([`keyboard: ${code}`])
  })
})

describe('another keyboard’s', () => {
  test('code is restored', () => {
    const { told, press, type } = setUp()
    type(code.replace(':', 'Ö').replace(/\//g, '-').replace('#', '§'))
    press('Enter')
    expect(told).toEqual([`keyboard: ${code}`])
  })

  test('text is told of when it can’t be', () => {
    const { told, press, type } = setUp()
    type('HTTPSÖ--BADGE.VENDOR.EXAMPLE-C')
    press('Enter')
    expect(told).toEqual(['keyboard_layout'])
  })

  test('dead keys leave a gap that nothing fills', () => {
    const { told, press, type } = setUp()
    type('HTTPS://BADGE.VENDOR.EXAMPLE/C#')
    press('Dead')
    type('123')
    press('Enter')
    expect(told).toEqual(['keyboard: HTTPS://BADGE.VENDOR.EXAMPLE/C#\ufffd123'])
  })
})

describe('leaves alone', () => {
  test('Enter and Tab without a scan', () => {
    const { told, passed, press } = setUp()
    expect([press('Enter'), press('Tab'), press(' ')]).toEqual([false, false, false])
    expect(passed).toEqual(['Enter', 'Tab', ' '])
    expect(told).toEqual([])
  })

  test('somebody who types', () => {
    const { told, press, type, pass } = setUp()
    type('somebody who types', 120)
    expect(press('Enter')).toBe(false)
    pass(endPause)
    expect(told).toEqual([])
  })

  test('a key that is held down', () => {
    const { told, press, type } = setUp()
    type('a'.repeat(50), 30, { repeat: true })
    expect(press('Enter')).toBe(false)
    expect(told).toEqual([])
  })

  test.each([{ tagName: 'INPUT' }, { tagName: 'SELECT' }, { tagName: 'TEXTAREA' }, { tagName: 'DIV', isContentEditable: true }])(
    'fields: %o',
    (target) => {
      const { told, press, type, paste } = setUp()
      type(code, 5, { target })
      expect(press('Enter', { target })).toBe(false)
      expect(paste(code, target)).toBe(false)
      expect(told).toEqual([])
    },
  )

  test('shortcuts', () => {
    const { told, press, type } = setUp()
    type('a'.repeat(20), 5, { ctrlKey: true })
    type('a'.repeat(20), 5, { altKey: true })
    expect(press('Enter')).toBe(false)
    expect(told).toEqual([])
  })

  test('everything once it is closed', () => {
    const { keyboard, told, press, type, pass } = setUp()
    type(code)
    keyboard.close()
    pass(endPause)
    type(code)
    press('Enter')
    expect(told).toEqual([])
  })
})

describe('what is pasted', () => {
  test('is a scan', () => {
    const { told, paste } = setUp()
    expect(paste(`${code}\n`)).toBe(true)
    expect(told).toEqual([`keyboard: ${code}`])
  })

  test('is none without text, or with too much', () => {
    const { told, paste } = setUp()
    expect(paste(' ')).toBe(false)
    expect(paste('a'.repeat(maxLength + 1))).toBe(false)
    expect(told).toEqual([])
    expect(paste('a'.repeat(maxLength))).toBe(true)
  })
})
