// Written by dictionary.mjs; not to be changed by hand, and never to change at all:
// every code in existence depends on it.

/** The preset dictionary of formats 1 and 2, see docs/gate-code.md. */
export const dictionary =
  '{"typ":"kb+jwt","alg":"ES256"}{"typ":"dc+sd-jwt","alg":"ES256","kid":"\x02","x5c":["MII"EdDSA""OKP","crv":"Ed25519","x":"\x02"}},"jti":"\x01",""crv":"P-256","kty":"EC","x":"\x07","y":"\x08""nonce":"\x01","aud":"https://","sd_hash":"\x0f","iat":\x05}"_sd_alg":"sha-256","_sd":["\x02","\x02","\x02"]{"...":"\x0e"},"birthdate":"email":"name":"address":"nationalities":[false,null,{"compliant":false,"checked_at":\x05}]\x00' +
  '"sub":"\x01","access":["onsite"],"cnf":{"jwk":"sub":"\x04","access":["remote"],"cnf":{"jwk":{"alg":"ES256","kid":"\x11","typ":"dc+sd-jwt"}\x00' +
  '{"iss":"["\x01","given_name","\x11"]\x00' +
  '["\x01","family_name","\x11"]\x00' +
  '["\x01","picture","\x10/pictures/\x01"]\x00' +
  '["\x01","picture#integrity","sha256-\x03"]\x00' +
  '["\x01","employee_number","\x06"]\x00' +
  '["\x01","organization","\x11"]\x00' +
  '["\x01","role","\x11"]\x00' +
  '["\x01","training",[{"course":"\x11","standard":"\x11","valid_until":\x05},{"course":"\x11","standard":"\x11","valid_until":\x05},{"course":"\x11","standard":"\x11","valid_until":\x05}]]\x00' +
  '["\x01","equipment",{"compliant":true,"checked_at":\x05}]\x00' +
  '{"alg":"ES256","kid":"\x02","typ":"dc+sd-jwt"}\x00' +
  '{"iss":"\x10","vct":"\x10/vct/cyber-badge/1","iat":\x05,"nbf":\x05,"exp":\x05,"sub":"\x01","access":["onsite","remote"],"cnf":{"jwk":{"kty":"EC","crv":"P-256","x":"\x07","y":"\x08"}},"status":{"status_list":{"idx":\x06,"uri":"\x10/status-lists/\x06"}},"_sd":["\x0c","\x0c","\x0c","\x0c","\x0c","\x0c","\x0c","\x0c","\x0c"],"_sd_alg":"sha-256"}\x00' +
  '\x0b\x00' +
  '{"alg":"ES256","typ":"kb+jwt"}\x00' +
  '{"iat":\x05,"aud":"urn:cyberbadge:gate","nonce":"\x01","sd_hash":"\x0f"}\x00' +
  '\x0b\x00' +
  '\x00' +
  ' AG\x00' +
  ' Automation\x00' +
  ' Energy\x00' +
  ' Engineering\x00' +
  ' GmbH\x00' +
  ' Inc.\x00' +
  ' Industrial\x00' +
  ' Ltd.\x00' +
  ' S.A.\x00' +
  ' Systems\x00' +
  ' Technologies\x00' +
  'onsite-support\x00' +
  'remote-support\x00' +
  'service-manager\x00' +
  'technician\x00' +
  ' Services\x00' +
  'field-service-representative\x00' +
  'CB-101\x00' +
  'IEC 62443-2-4\x00' +
  'CB-102\x00' +
  'ISO/IEC 27001\x00' +
  'CB-201\x00' +
  'IEC 62443-2-4\x00'
