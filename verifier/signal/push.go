package signal

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
)

// Push returns the endpoint to which the issuer pushes tokens (RFC 8935): 202 once
// a token was taken, 400 with the reason if it never will be, 401 without the right
// Authorization header, 503 if it should come again. authorization is that header's
// value, which was agreed when the stream was made; it MUST be hard to guess.
func (r *Receiver) Push(authorization string) http.Handler {
	agreed := sha256.Sum256([]byte(authorization))
	return http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		given := sha256.Sum256([]byte(request.Header.Get("Authorization")))
		if authorization == "" || subtle.ConstantTimeCompare(given[:], agreed[:]) != 1 {
			w.Header().Set("WWW-Authenticate", "Bearer")
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		r.push(w, request)
	})
}

func (r *Receiver) push(w http.ResponseWriter, request *http.Request) {
	if request.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		w.WriteHeader(http.StatusMethodNotAllowed)
		return
	}
	if mediaType, _, err := mime.ParseMediaType(request.Header.Get("Content-Type")); err != nil || mediaType != MediaType {
		answer(w, Refusal{InvalidRequest, "send " + MediaType})
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, request.Body, MaxToken))
	if err != nil {
		answer(w, Refusal{InvalidRequest, "the token is too long, or did not come whole"})
		return
	}
	err = r.Take(request.Context(), string(body))
	var refusal *Refusal
	switch {
	case err == nil:
		w.WriteHeader(http.StatusAccepted)
	case errors.As(err, &refusal):
		r.config.Logger.WarnContext(request.Context(), "signal refused", "issuer", r.config.Issuer, "err", refusal.Err, "description", refusal.Description)
		answer(w, *refusal)
	default:
		r.config.Logger.ErrorContext(request.Context(), "signal not taken", "issuer", r.config.Issuer, "error", err)
		w.WriteHeader(http.StatusServiceUnavailable)
	}
}

// answer writes a refusal (RFC 8935, section 2.3).
func answer(w http.ResponseWriter, refusal Refusal) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Language", "en")
	w.WriteHeader(http.StatusBadRequest)
	_ = json.NewEncoder(w).Encode(refusal)
}
