import type { Store } from './store.ts'

/** How many portraits a tablet keeps; the one that was not seen for longest goes. */
export const maxPictures = 500

/** What the service serves at most, in bytes. */
export const maxPicture = 1 << 20

const types = ['image/jpeg', 'image/png', 'image/webp']

interface Picture {
  type: string
  bytes: ArrayBuffer
}

/**
 * Portraits by the digest that the issuer signed. What the service sends is not
 * believed: only what has the digest is shown and kept.
 */
export class Pictures {
  private order: string[] | undefined

  constructor(
    private readonly store: Store,
    private readonly fetchPicture: (url: string, integrity: string) => Promise<Blob>,
  ) {}

  /** Nothing where the portrait can't be had. */
  async get(url: string, integrity: string): Promise<Blob | undefined> {
    const kept = await this.store.get<Picture>('pictures', integrity)
    const picture = kept ?? (await this.fetch(url, integrity).catch(() => undefined))
    if (!picture) return undefined
    // That it is kept matters to the next time alone.
    await this.keep(integrity, picture, kept !== undefined).catch(() => undefined)
    return new Blob([picture.bytes], { type: picture.type })
  }

  async forget(): Promise<void> {
    const order = await this.used()
    this.order = []
    await this.store.write(...order.map((key) => ({ table: 'pictures' as const, key })), { table: 'kept', key: 'pictures' })
  }

  private async fetch(url: string, integrity: string): Promise<Picture | undefined> {
    const blob = await this.fetchPicture(url, integrity)
    if (!types.includes(blob.type) || blob.size > maxPicture) return undefined
    const bytes = await blob.arrayBuffer()
    return (await integrityOf(bytes)) === integrity ? { type: blob.type, bytes } : undefined
  }

  private async keep(integrity: string, picture: Picture, isKept: boolean): Promise<void> {
    const order = (await this.used()).filter((each) => each !== integrity)
    const gone = order.splice(0, Math.max(0, order.length + 1 - maxPictures))
    order.push(integrity)
    this.order = order
    await this.store.write(
      ...(isKept ? [] : [{ table: 'pictures' as const, key: integrity, value: picture }]),
      ...gone.map((key) => ({ table: 'pictures' as const, key })),
      { table: 'kept', key: 'pictures', value: order },
    )
  }

  /** Digests, the one that was not seen for longest first. */
  private async used(): Promise<string[]> {
    return (this.order ??= (await this.store.get<string[]>('kept', 'pictures')) ?? [])
  }
}

/** As in picture#integrity (Subresource Integrity). */
export async function integrityOf(bytes: ArrayBuffer): Promise<string> {
  const sum = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))
  return `sha256-${btoa(String.fromCharCode(...sum))}`
}
