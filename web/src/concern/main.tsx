import { render } from 'preact'
import '../ui/tokens.css'
import '../ui/base.css'
import '../ui/components.css'
import '../ui/form.css'
import './concern.css'
import { ConcernPage } from './ConcernPage.tsx'
import { takeReference } from './reference.ts'

const place = document.getElementById('page')
if (!place) throw new Error('the page has no place to render to')
place.replaceChildren()
render(<ConcernPage opened={takeReference()} />, place)
