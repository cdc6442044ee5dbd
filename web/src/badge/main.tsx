import { render } from 'preact'
import '../ui/tokens.css'
import '../ui/base.css'
import '../ui/components.css'
import './badge.css'
import { BadgePage } from './BadgePage.tsx'
import { issuerOf, takeLink } from './offer.ts'
import { registerWorker } from '../offline/register.ts'

const place = document.getElementById('page')
if (!place) throw new Error('the page has no place to render to')
place.replaceChildren()
const issuer = issuerOf(location.href)
render(<BadgePage issuer={issuer} link={takeLink()} />, place)

void registerWorker()
