package strictjson_test

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/cyberbadge/cyberbadge/credential/credentialtest"
)

// vectorTexts are the decoded headers, claims and disclosures of all vectors,
// each once.
func vectorTexts(f *testing.F) [][]byte {
	files, err := credentialtest.ReadVectors("../../credential/testdata/vectors")
	if err != nil {
		f.Fatal(err)
	}
	var texts [][]byte
	seen := make(map[string]bool)
	for _, file := range files {
		for _, v := range file.Vectors {
			for _, segment := range strings.FieldsFunc(v.Input, func(r rune) bool { return r == '~' || r == '.' }) {
				if text, err := base64.RawURLEncoding.DecodeString(segment); err == nil && len(text) < 2048 && !seen[segment] {
					seen[segment] = true
					texts = append(texts, text)
				}
			}
		}
	}
	return texts
}
