//go:build pages

package e2e

import (
	"encoding/json"
	"net/http"

	"github.com/cyberbadge/cyberbadge/issuer/store"
)

// concerns adds what the office knows of customers' concerns.
func (f *fixture) concerns(mux *http.ServeMux) {
	mux.HandleFunc("GET /cases", func(w http.ResponseWriter, r *http.Request) {
		all, err := f.program.Cases(r.Context(), store.CaseQuery{Limit: store.MaxPage})
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		_ = json.NewEncoder(w).Encode(all)
	})
}
