package httpserver

import (
	"net/http"
	"testing"
)

func TestAccepts(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		headers []string
		want    bool
	}{
		"nothing asked for":    {nil, false},
		"by name":              {[]string{"gzip"}, true},
		"in a list":            {[]string{"br, GZIP;q=0.5"}, true},
		"in a second header":   {[]string{"br", "gzip"}, true},
		"refused":              {[]string{"br, gzip;q=0"}, false},
		"refused, spelled":     {[]string{"gzip; Q=0.000"}, false},
		"a broken weight":      {[]string{"gzip;q=yes"}, false},
		"anything":             {[]string{"*"}, false},
		"a longer name":        {[]string{"gzipped"}, false},
		"the first one counts": {[]string{"gzip;q=0, gzip"}, false},
	} {
		if got := Accepts(http.Header{"Accept-Encoding": c.headers}, "gzip"); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
