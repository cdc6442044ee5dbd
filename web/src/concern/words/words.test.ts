import { testTexts } from '../../i18n/kit.ts'
import { words } from './index.ts'

testTexts(words)
