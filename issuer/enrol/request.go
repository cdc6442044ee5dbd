package enrol

import (
	"time"

	"github.com/cyberbadge/cyberbadge/internal/strictjson"
	"github.com/cyberbadge/cyberbadge/issuer/store"
)

// credentialRequest asks for badges for the keys of the proofs, either all from
// now on or a stock.
type credentialRequest struct {
	stock  bool
	proofs []string
}

// readRequest reads a credential request (OpenID4VCI, section 8.2). Members that
// are not known are passed over.
func readRequest(body []byte) (credentialRequest, error) {
	request, err := object(body, InvalidCredentialRequest)
	if err != nil {
		return credentialRequest{}, err
	}
	configuration, err := readConfiguration(request)
	if err != nil {
		return credentialRequest{}, err
	}
	if _, present := request.Member("credential_response_encryption"); present {
		return credentialRequest{}, refuse(InvalidEncryptionParameters, "answers are not encrypted beyond TLS")
	}
	proofs, err := readProofs(request)
	return credentialRequest{configuration == StockConfigurationID, proofs}, err
}

func object(body []byte, c Code) (strictjson.Value, error) {
	v, err := strictjson.Parse(body)
	if err != nil {
		return v, refuse(c, "the body is not strict JSON: %v", plain(err))
	}
	if v.Kind != strictjson.Object {
		return v, refuse(c, "the body is not a JSON object")
	}
	return v, nil
}

func readConfiguration(request strictjson.Value) (string, error) {
	identifier, identified := request.Member("credential_identifier")
	configuration, configured := request.Member("credential_configuration_id")
	switch {
	case identified == configured:
		return "", refuse(InvalidCredentialRequest, "send credential_configuration_id and no credential_identifier")
	case identified && identifier.Kind != strictjson.String, configured && configuration.Kind != strictjson.String:
		return "", refuse(InvalidCredentialRequest, "credential_configuration_id is not a string")
	case identified:
		// Our token answers hold no identifiers, so this can be none of them.
		return "", refuse(UnknownCredentialIdentifier, "no credential_identifier was given out")
	case configuration.Text != ConfigurationID && configuration.Text != StockConfigurationID:
		return "", refuse(UnknownCredentialConfiguration, "the credential_configuration_id is %s or %s", ConfigurationID, StockConfigurationID)
	}
	return configuration.Text, nil
}

// readProofs takes proofs as in 1.0 and the single proof of draft 15, of which
// many wallets are still in use.
func readProofs(request strictjson.Value) ([]string, error) {
	many, plural := request.Member("proofs")
	one, singular := request.Member("proof")
	switch {
	case plural && singular:
		return nil, refuse(InvalidCredentialRequest, "send proofs or proof, not both")
	case singular:
		return draftProof(one)
	case !plural:
		return nil, refuse(InvalidProof, "proofs is missing")
	case many.Kind != strictjson.Object || len(many.Members) != 1:
		return nil, refuse(InvalidCredentialRequest, "proofs is an object with exactly one member")
	}
	list, present := many.Member("jwt")
	switch {
	case !present:
		return nil, refuse(InvalidProof, "the only type of proof is jwt")
	case list.Kind != strictjson.Array || len(list.Elements) == 0:
		return nil, refuse(InvalidCredentialRequest, "proofs.jwt is an array of one or more proofs")
	case len(list.Elements) > MaxBatch:
		return nil, refuse(InvalidCredentialRequest, "there are %d proofs, at most %d are taken", len(list.Elements), MaxBatch)
	}
	var proofs []string
	for _, e := range list.Elements {
		if e.Kind != strictjson.String {
			return nil, refuse(InvalidCredentialRequest, "proofs.jwt holds something other than strings")
		}
		proofs = append(proofs, e.Text)
	}
	return proofs, nil
}

func draftProof(one strictjson.Value) ([]string, error) {
	kind, _ := one.Member("proof_type")
	text, _ := one.Member("jwt")
	if kind.Text != "jwt" || text.Kind != strictjson.String {
		return nil, refuse(InvalidProof, "the only type of proof is jwt")
	}
	return []string{text.Text}, nil
}

// checkProofs checks every proof, that each is of another key, and the nonces
// that they hold, which are returned to be spent.
func (d *Desk) checkProofs(texts []string, now time.Time) ([]keyProof, []store.OneTime, error) {
	proofs := make([]keyProof, 0, len(texts))
	keys, spent := make(map[string]bool), make(map[string]store.OneTime)
	for i, text := range texts {
		p, err := readKeyProof(text, d.config.Program.URL(), now)
		if err != nil {
			return nil, nil, refuse(InvalidProof, "proof %d: %v", i, err)
		}
		if keys[p.keyID] {
			return nil, nil, refuse(InvalidProof, "proof %d has a key of one before it", i)
		}
		keys[p.keyID] = true
		until, good := d.nonces.check(keyProofNonce, p.nonce, now)
		if !good {
			return nil, nil, invalidNonce()
		}
		spent[p.nonce] = store.OneTime{Hash: nonceHash(p.nonce), Until: until}
		proofs = append(proofs, p)
	}
	nonces := make([]store.OneTime, 0, len(spent))
	for _, n := range spent {
		nonces = append(nonces, n)
	}
	return proofs, nonces, nil
}

func invalidNonce() error {
	return refuse(InvalidNonce, "the nonce is unknown, used or too old; take another from the nonce endpoint")
}
