import type { Bytes } from './bytes.ts'
import { malformed, tooLarge } from './error.ts'

/*
 * An inflater of its own, because others forgive: the one beside the deflater in
 * use takes Huffman codes that are none and does not tell where a stream ended.
 * Every reader of a code has to refuse the same ones.
 */

/**
 * Decompresses a whole stream of RFC 1951 that was deflated against a dictionary.
 * It stops at a limit of bytes: a stream of 1 KB could otherwise grow to 1 MB.
 */
export function inflate(stream: Bytes, dictionary: Bytes, limit: number): Bytes {
  const source = new BitReader(stream)
  const text = new Text(dictionary, limit)
  for (let last = false; !last; ) {
    last = source.bits(1) === 1
    const type = source.bits(2)
    if (type === 0) copyStored(source, text)
    else if (type === 1) expand(source, text, fixedLiterals, fixedDistances)
    else if (type === 2) expand(source, text, ...readCodes(source))
    else throw damaged()
  }
  const left = stream.length - source.bytesRead()
  if (left > 0) throw malformed(`${left} bytes follow the deflated text`)
  return text.inflated()
}

const damaged = () => malformed('the deflated text is damaged')

/** Gives a stream's bits, the least significant of each byte first. */
class BitReader {
  private position = 0 // in bits

  constructor(private readonly bytes: Bytes) {}

  bit(): number {
    if (this.position === 8 * this.bytes.length) throw damaged()
    const byte = this.bytes.charCodeAt(this.position >> 3)
    return (byte >> (this.position++ & 7)) & 1
  }

  /** A number of so many bits, the least significant first. */
  bits(count: number): number {
    let value = 0
    for (let i = 0; i < count; i++) value |= this.bit() << i
    return value
  }

  skipToByte(): void {
    this.position = 8 * this.bytesRead()
  }

  bytesRead(): number {
    return Math.ceil(this.position / 8)
  }
}

/** What was inflated so far, after the dictionary. */
class Text {
  private readonly bytes: number[]

  constructor(
    private readonly dictionary: Bytes,
    private readonly limit: number,
  ) {
    this.bytes = Array.from(dictionary, (c) => c.charCodeAt(0))
  }

  add(byte: number): void {
    if (this.bytes.length === this.dictionary.length + this.limit) {
      throw tooLarge(`the text inflates to more than ${this.limit} bytes`)
    }
    this.bytes.push(byte)
  }

  repeat(length: number, distance: number): void {
    for (let i = 0; i < length; i++) {
      const byte = this.bytes[this.bytes.length - distance]
      if (byte === undefined) throw damaged()
      this.add(byte)
    }
  }

  inflated(): Bytes {
    return String.fromCharCode(...this.bytes.slice(this.dictionary.length))
  }
}

function copyStored(source: BitReader, text: Text): void {
  source.skipToByte()
  const length = source.bits(16)
  if (source.bits(16) !== (~length & 0xffff)) throw damaged()
  for (let i = 0; i < length; i++) text.add(source.bits(8))
}

/** A canonical Huffman code: how many symbols have each length from 1 on, and the symbols in the order of their codes. */
interface Huffman {
  counts: number[]
  symbols: number[]
}

const maxLength = 15

/** Refuses lengths that leave codes without a symbol, except where there is only one symbol, or none. */
function huffman(lengths: number[]): Huffman {
  const counts: number[] = []
  const symbols: number[] = []
  let unused = 1
  for (let length = 1; length <= maxLength; length++) {
    const before = symbols.length
    lengths.forEach((of, symbol) => of === length && symbols.push(symbol))
    const count = symbols.length - before
    counts.push(count)
    unused = 2 * unused - count
    if (unused < 0) throw damaged()
  }
  const lone = symbols.length === 1 && counts[0] === 1
  if (unused > 0 && symbols.length > 0 && !lone) throw damaged()
  return { counts, symbols }
}

function nextSymbol(source: BitReader, { counts, symbols }: Huffman): number {
  let code = 0 // counted from the first of its length
  let shorter = 0
  for (const count of counts) {
    code = 2 * code + source.bit()
    if (code < count) return symbols[shorter + code] as number
    code -= count
    shorter += count
  }
  throw damaged()
}

const repeated = (...runs: [value: number, times: number][]) =>
  runs.flatMap(([value, times]) => Array<number>(times).fill(value))

// RFC 1951 section 3.2.6. Symbols 286, 287 and distances 30, 31 have codes there
// and are refused in use.
const fixedLiterals = huffman(repeated([8, 144], [9, 112], [7, 24], [8, 8]))
const fixedDistances = huffman(repeated([5, 32]))

const lengthOrder = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]

/** Reads the codes of literals and of distances (section 3.2.7). */
function readCodes(source: BitReader): [Huffman, Huffman] {
  const literals = source.bits(5) + 257
  const distances = source.bits(5) + 1
  const given = source.bits(4) + 4
  if (literals > 286 || distances > 30) throw damaged()
  const lengthLengths = Array<number>(19).fill(0)
  for (const symbol of lengthOrder.slice(0, given)) lengthLengths[symbol] = source.bits(3)
  const lengthCode = huffman(lengthLengths)
  const lengths: number[] = []
  while (lengths.length < literals + distances) {
    const symbol = nextSymbol(source, lengthCode)
    if (symbol < 16) lengths.push(symbol)
    else if (symbol === 16 && lengths.length === 0) throw damaged()
    else if (symbol === 16) lengths.push(...repeated([lengths.at(-1) as number, 3 + source.bits(2)]))
    else lengths.push(...repeated([0, symbol === 17 ? 3 + source.bits(3) : 11 + source.bits(7)]))
  }
  if (lengths.length > literals + distances) throw damaged()
  return [huffman(lengths.slice(0, literals)), huffman(lengths.slice(literals))]
}

const endOfBlock = 256

function expand(source: BitReader, text: Text, literals: Huffman, distances: Huffman): void {
  for (;;) {
    const symbol = nextSymbol(source, literals)
    if (symbol === endOfBlock) return
    if (symbol < endOfBlock) {
      text.add(symbol)
      continue
    }
    const length = nextLength(source, symbol - 257)
    const symbolOfDistance = nextSymbol(source, distances)
    if (symbolOfDistance > 29) throw damaged()
    text.repeat(length, stepped(source, symbolOfDistance, 1) + 1)
  }
}

function nextLength(source: BitReader, symbol: number): number {
  if (symbol > 28) throw damaged()
  return symbol === 28 ? 258 : stepped(source, symbol, 2) + 3
}

/**
 * Lengths and distances go the same way (section 3.2.5): the first symbols are the
 * numbers themselves; from then on each 2 or 4 (2^step) have one bit more to read.
 */
function stepped(source: BitReader, symbol: number, step: 1 | 2): number {
  const extra = (symbol >> step) - 1
  if (extra < 1) return symbol
  const first = (1 << step) + (symbol & ((1 << step) - 1))
  return (first << extra) + source.bits(extra)
}
