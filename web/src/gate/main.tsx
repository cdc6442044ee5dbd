import { render } from 'preact'
import '../ui/tokens.css'
import '../ui/base.css'
import '../ui/components.css'
import './gate.css'
import './overlay.css'
import './comparison.css'
import './verdict.css'
import './help.css'
import './sheet.css'
import './alerts.css'
import { registerWorker } from '../offline/register.ts'
import { GatePage } from './GatePage.tsx'

const place = document.getElementById('page')
if (!place) throw new Error('the page has no place to render to')
place.replaceChildren()
render(<GatePage replaced={registerWorker()} />, place)
