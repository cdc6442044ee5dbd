import { Advised } from '../ui/Advised.tsx'
import { Button } from '../ui/Button.tsx'
import { Said } from './parts.tsx'
import type { Told } from './told.ts'
import { useWords } from './words/index.ts'

/** Why nobody is signed in, if that is not how the page began. */
export type Outside = { kind: 'new' } | { kind: 'ended' } | { kind: 'left'; provider: string | undefined }

interface DoorProps {
  told: Told
  outside: Outside
  onSignIn: (fresh: boolean) => void
}

/** What stands here while nobody is signed in. */
export function Door({ told: { signIn, refused }, outside, onSignIn }: DoorProps) {
  const { title, support, door: text } = useWords()
  if (!signIn)
    return (
      <>
        <h1>{title}</h1>
        <Advised advice={text.off} />
      </>
    )
  return (
    <>
      <h1>{title}</h1>
      <p>{text.what(location.host)}</p>
      {refused && (
        <Advised advice={text.refused[refused.code]} urgent>
          {refused.detail && <Said>{refused.detail}</Said>}
          {refused.request && <p class="small">{support(refused.request)}</p>}
        </Advised>
      )}
      {outside.kind === 'ended' && (
        <p class="notice" role="status">
          {text.ended}
        </p>
      )}
      {outside.kind === 'left' && (
        <p class="notice" role="status">
          {text.signedOut}{' '}
          {outside.provider && (
            <a href={outside.provider} rel="noreferrer">
              {text.endElsewhere}
            </a>
          )}
        </p>
      )}
      {/* Who was refused would only be refused again: the provider knows them. */}
      <Button onClick={() => onSignIn(refused?.code === 'not_an_officer')}>{refused?.code === 'not_an_officer' ? text.anotherAccount : text.signIn}</Button>
    </>
  )
}
