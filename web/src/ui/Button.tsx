import type { ComponentChildren } from 'preact'

interface ButtonProps {
  children: ComponentChildren
  /** Quiet for what is not the next step. */
  kind?: 'main' | 'quiet'
  submit?: boolean
  onClick?: () => void
}

export function Button({ children, kind = 'main', submit = false, onClick }: ButtonProps) {
  return (
    <button class={`button ${kind}`} type={submit ? 'submit' : 'button'} {...(onClick ? { onClick } : {})}>
      {children}
    </button>
  )
}
