// Keeps the badge's page on the phone, so that it opens where there is no signal.
// version and files are written above this by installable.ts: the page and exactly
// the assets that it names. Everything else, that is, every call to the issuer,
// goes past it.

const page = new URL('./', self.location).href
const kept = `cyberbadge-badge ${page} `
const current = kept + version
const addresses = files.map((file) => new URL(file, self.location).href)

self.addEventListener('install', (event) => {
  // From the network: what the browser has of the page may be from another build.
  const requests = addresses.map((address) => new Request(address, { cache: 'reload', credentials: 'omit' }))
  event.waitUntil(
    caches
      .open(current)
      .then((cache) => cache.addAll(requests))
      // A page loads all of its assets at once, so none misses the old ones.
      .then(() => self.skipWaiting()),
  )
})

self.addEventListener('activate', (event) => {
  event.waitUntil(
    caches
      .keys()
      .then((names) => Promise.all(names.filter((name) => name.startsWith(kept) && name !== current).map((name) => caches.delete(name))))
      .then(() => self.clients.claim()),
  )
})

self.addEventListener('fetch', (event) => {
  const { request } = event
  if (request.method !== 'GET') return
  const address = new URL(request.url)
  // An invitation stands behind the question mark and belongs to no cache.
  const wanted = request.mode === 'navigate' && address.origin + address.pathname === page ? page : request.url
  if (!addresses.includes(wanted)) return
  event.respondWith(
    caches
      .open(current)
      .then((cache) => cache.match(wanted, { ignoreVary: true }))
      .then((answer) => answer ?? fetch(request)),
  )
})
