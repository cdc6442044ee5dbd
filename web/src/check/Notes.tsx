import { useText } from '../i18n/index.ts'
import { Disclosure } from '../ui/Disclosure.tsx'

/** What no page of an issuer can promise its reader. */
export function Limits() {
  const text = useText().check
  return (
    <Disclosure summary={text.limitsTitle}>
      <ul>
        <li>{text.limitSelf}</li>
        <li>{text.limitRelay}</li>
        <li>{text.limitReplay}</li>
      </ul>
    </Disclosure>
  )
}

/** How a customer stops depending on this page. */
export function Gate() {
  const text = useText().check
  return (
    <Disclosure summary={text.gateTitle}>
      <p>{text.gateWhat}</p>
      <ol>
        <li>{text.gateFirst}</li>
        <li>{text.gateSecond}</li>
        <li>{text.gateThird}</li>
      </ol>
      <p>
        <a href="/trust-list.json">{text.trustList}</a>
      </p>
    </Disclosure>
  )
}
