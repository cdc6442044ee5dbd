import { useText } from '../i18n/index.ts'
import { Advised } from '../ui/Advised.tsx'
import { attemptsLeft, type BadgeError } from './failure.ts'

/** What went wrong, in words, and what to do about it. */
export function Notice({ error }: { error: BadgeError }) {
  const text = useText().badge
  const attempts = error.failure === 'wrong_code' ? attemptsLeft(error.detail) : undefined
  return (
    <Advised advice={text.failed[error.failure]} urgent>
      {attempts !== undefined && <p>{text.attempts(String(attempts))}</p>}
      {(error.failure === 'refused' || error.failure === 'busy') && error.detail !== '' && <p class="small">{text.support(error.detail)}</p>}
    </Advised>
  )
}
