package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// raiseConcern raises a concern about the person of a badge, as a customer would,
// and puts its number into a variable:
//
//	concern CASE $ISSUER badge.txt behaviour 'what happened'
func raiseConcern(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 5 {
		ts.Fatalf("usage: concern VARIABLE ADDRESS BADGE CATEGORY TEXT")
	}
	parts := strings.Split(ts.ReadFile(args[2]), ".")
	if len(parts) != 3 {
		ts.Fatalf("%s is no badge", args[2])
	}
	text, err := base64.RawURLEncoding.DecodeString(parts[1])
	ts.Check(err)
	var claims struct {
		Subject string `json:"sub"`
		Status  struct {
			List struct {
				URI   string `json:"uri"`
				Index uint32 `json:"idx"`
			} `json:"status_list"`
		} `json:"status"`
	}
	ts.Check(json.Unmarshal(text, &claims))
	body, err := json.Marshal(map[string]any{
		"badge":    map[string]any{"status_list": claims.Status.List.URI, "index": claims.Status.List.Index, "subject": claims.Subject},
		"category": args[3], "text": strings.ReplaceAll(args[4], `\n`, "\n"),
		"reporter": map[string]string{"name": "Ann Onymous", "organization": "Plant 7"},
	})
	ts.Check(err)
	answer, err := http.Post("http://"+args[1]+"/concerns", "application/json", bytes.NewReader(body))
	ts.Check(err)
	defer answer.Body.Close()
	said, err := io.ReadAll(answer.Body)
	ts.Check(err)
	var taken struct{ Receipt string }
	if err := json.Unmarshal(said, &taken); err != nil || answer.StatusCode != http.StatusAccepted {
		ts.Fatalf("%s: %s", answer.Status, said)
	}
	ts.Setenv(args[0], taken.Receipt)
}
