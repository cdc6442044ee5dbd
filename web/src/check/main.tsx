import { render } from 'preact'
import '../ui/tokens.css'
import '../ui/base.css'
import '../ui/components.css'
import { CheckPage } from './CheckPage.tsx'
import { takeCode } from './code.ts'

const place = document.getElementById('page')
if (!place) throw new Error('the page has no place to render to')
place.replaceChildren()
render(<CheckPage scanned={takeCode()} />, place)
