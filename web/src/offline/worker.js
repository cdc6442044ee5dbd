// Keeps a page where it is used, so that it opens without a connection. version and
// files are written above this by installable.ts: the page and exactly the assets
// that it consists of. Everything else, that is, every call to a server, goes past
// it.

const page = new URL('./', self.location).href
const kept = `cyberbadge ${page} `
const current = kept + version
const addresses = files.map((file) => new URL(file, self.location).href)
// Below the page there are no assets; a page asks for its workers there because
// only there they are in this one's reach. See trusted.ts.
const reached = page + 'assets/'

self.addEventListener('install', (event) => {
  // From the network: what the browser has of the page may be from another build.
  const requests = addresses.map((address) => new Request(address, { cache: 'reload', credentials: 'omit' }))
  event.waitUntil(
    caches
      .open(current)
      .then((cache) => cache.addAll(requests))
      // A page loads what it consists of when it is opened, so none misses the old ones.
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
  // What stands behind the question mark, an invitation, belongs to no cache.
  const wanted = request.mode === 'navigate' && address.origin + address.pathname === page ? page : keptAs(request.url)
  if (!addresses.includes(wanted)) return
  event.respondWith(
    caches
      .open(current)
      .then((cache) => cache.match(wanted, { ignoreVary: true }))
      .then((answer) => answer ?? fetch(wanted)),
  )
})

function keptAs(address) {
  if (!address.startsWith(reached)) return address
  return addresses.find((each) => each.endsWith('/' + address.slice(reached.length))) ?? address
}
