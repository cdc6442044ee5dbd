import { render } from 'preact'
import '../ui/tokens.css'
import '../ui/base.css'
import '../ui/components.css'
import '../ui/form.css'
import './console.css'
import { readAim, takeAim, toHash } from './aim.ts'
import { ConsolePage } from './ConsolePage.tsx'
import { readTold } from './told.ts'

const place = document.getElementById('page')
if (!place) throw new Error('the page has no place to render to')
const told = readTold(place.dataset.told)
// Before a sign-in is begun nothing is kept, and one that was refused is begun again.
const aim = readAim(location.hash) ?? takeAim()
// A refused sign-in is answered where the provider sent the browser, with its code.
history.replaceState(null, '', `${told.refused ? '/console/' : location.pathname}${aim ? toHash(aim) : ''}`)
place.replaceChildren()
render(<ConsolePage told={told} aim={aim} />, place)
