package server

import (
	"bytes"
	"net/http"
	"strings"
	"testing"

	"github.com/cyberbadge/cyberbadge/credential"
	"github.com/cyberbadge/cyberbadge/issuer"
	"github.com/cyberbadge/cyberbadge/issuer/portrait"
	"github.com/cyberbadge/cyberbadge/issuer/sample/face"
)

func drawn(t testing.TB, of string) []byte {
	t.Helper()
	picture, err := face.PNG(of)
	if err != nil {
		t.Fatal(err)
	}
	return picture
}

// upload sends a picture for a person.
func (o *office) upload(t testing.TB, ref, contentType string, picture []byte) reply {
	t.Helper()
	return o.send(t, http.DefaultClient, "PUT", "/v1/people/"+ref+"/portrait", bytes.NewReader(picture),
		headers{"Authorization", "Bearer " + o.all, "Content-Type", contentType})
}

func (o *office) mustUpload(t testing.TB, ref, of string) portraitRecord {
	t.Helper()
	answer := o.upload(t, ref, "image/png", drawn(t, of))
	var made portraitRecord
	answer.decode(t, http.StatusOK, &made)
	conforms(t, "Portrait", answer.body)
	return made
}

// picturePath is a picture's address at the test's issuer.
func (o *office) picturePath(t testing.TB, url string) string {
	t.Helper()
	path, ok := strings.CutPrefix(url, o.url)
	if !ok {
		t.Fatalf("%s is not at %s", url, o.url)
	}
	return path
}

func TestPicture_IsServedToWhoeverReadItsAddressInABadge(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"", "/tenant/1234"} {
		o := open(t, options{path: path})
		o.importSample(t)
		person := eligible(t)
		made := o.mustUpload(t, person.ExternalID, "a face")
		issued := o.issue(t, person.ID)
		badge := openBadge(t, issued.Text)
		if badge.Picture != made.URL || badge.PictureIntegrity != made.Integrity || !strings.HasPrefix(made.URL, o.url+path+issuer.PicturePath) {
			t.Fatalf("the badge has %q and %q, the upload %+v", badge.Picture, badge.PictureIntegrity, made)
		}
		at := o.picturePath(t, made.URL)
		answer := o.get(t, at)
		taken, err := portrait.Take(drawn(t, "a face"))
		if err != nil {
			t.Fatal(err)
		}
		if answer.status != http.StatusOK || !bytes.Equal(answer.body, taken.Bytes) || len(answer.body) != made.Size {
			t.Errorf("%d, %d bytes", answer.status, len(answer.body))
		}
		for name, want := range map[string]string{
			"Content-Type":                 "image/jpeg",
			"Cache-Control":                "public, max-age=31536000, immutable",
			"X-Content-Type-Options":       "nosniff",
			"Cross-Origin-Resource-Policy": "same-origin",
			"Content-Security-Policy":      "default-src 'none'; frame-ancestors 'none'",
			"Access-Control-Allow-Origin":  "",
		} {
			if got := answer.header.Get(name); got != want {
				t.Errorf("%s is %q, want %q", name, got, want)
			}
		}
		same := o.get(t, at, "If-None-Match", answer.header.Get("ETag"))
		if same.status != http.StatusNotModified || len(same.body) != 0 || same.header.Get("Cache-Control") != answer.header.Get("Cache-Control") {
			t.Errorf("with its tag: %d %v", same.status, same.header)
		}
		head := o.send(t, http.DefaultClient, "HEAD", at, nil, nil)
		if head.status != http.StatusOK || len(head.body) != 0 || head.header.Get("Content-Length") != answer.header.Get("Content-Length") {
			t.Errorf("HEAD: %d %v", head.status, head.header)
		}
	}
}

func openBadge(t testing.TB, badge string) credential.Claims {
	t.Helper()
	opened, err := credential.Opener{Keys: anyIssuer{}}.Open(badge)
	if err != nil {
		t.Fatal(err)
	}
	return opened.Claims
}

func TestPicture_OfAnUnknownNameIsNotFound(t *testing.T) {
	t.Parallel()
	o := start(t)
	at := o.picturePath(t, o.mustUpload(t, eligible(t).ID, "a face").URL)
	for _, path := range []string{
		issuer.PicturePath + strings.Repeat("A", 22), issuer.PicturePath + "x", issuer.PicturePath, at + "=", at + "A", at + "%0A",
		at + ".jpg", at[:len(at)-1], issuer.PicturePath + "portrait",
	} {
		o.get(t, path).problem(t, http.StatusNotFound, CodeNotFound)
	}
}

func TestPortrait_IsTheOfficesToSeeAndChange(t *testing.T) {
	t.Parallel()
	o := start(t)
	person := eligible(t)
	path := "/v1/people/" + person.ExternalID + "/portrait"
	o.call(t, "GET", path).problem(t, http.StatusNotFound, CodeNotFound)
	first := o.mustUpload(t, person.ID, "a face")
	second := o.mustUpload(t, person.ID, "another face")
	seen := o.call(t, "GET", path)
	if seen.status != http.StatusOK || len(seen.body) != second.Size || seen.header.Get("Cache-Control") != "no-store" {
		t.Errorf("%d, %d bytes, %q", seen.status, len(seen.body), seen.header.Get("Cache-Control"))
	}
	for range 2 {
		if answer := o.call(t, "DELETE", path); answer.status != http.StatusNoContent || len(answer.body) != 0 {
			t.Errorf("DELETE: %d %s", answer.status, answer.body)
		}
	}
	o.call(t, "GET", path).problem(t, http.StatusNotFound, CodeNotFound)
	// Badges may still name either.
	for _, url := range []string{first.URL, second.URL} {
		if answer := o.get(t, o.picturePath(t, url)); answer.status != http.StatusOK {
			t.Errorf("%s: %d", url, answer.status)
		}
	}
}

func TestPortrait_NeedsTheScopes(t *testing.T) {
	t.Parallel()
	o := start(t)
	path := "/v1/people/" + eligible(t).ID + "/portrait"
	for method, needed := range map[string]Scope{"GET": ScopePeopleRead, "PUT": ScopeImport, "DELETE": ScopeImport} {
		for _, scope := range Scopes() {
			answer := o.send(t, http.DefaultClient, method, path, nil, headers{"Authorization", "Bearer " + o.token(t, scope)})
			if refused := answer.status == http.StatusForbidden; refused == (scope == needed) {
				t.Errorf("%s with %s: %d", method, scope, answer.status)
			}
		}
		o.send(t, http.DefaultClient, method, path, nil, nil).problem(t, http.StatusUnauthorized, CodeCredentialMissing)
	}
}

func TestPortrait_PicturesThatAreNoGoodAreToldSo(t *testing.T) {
	t.Parallel()
	o := start(t)
	person := eligible(t).ID
	good := drawn(t, "a face")
	o.upload(t, person, "image/jpeg", good) // the content says what it is
	for name, c := range map[string]struct {
		ref, contentType string
		body             []byte
		status           int
		code             string
	}{
		"nobody":         {"nobody", "image/png", good, 404, CodeNotFound},
		"no picture":     {person, "image/png", []byte("no picture"), 422, CodePortraitRefused},
		"nothing":        {person, "image/png", nil, 422, CodePortraitRefused},
		"half":           {person, "image/png", good[:len(good)/2], 422, CodePortraitRefused},
		"another type":   {person, "image/webp", good, 415, "unsupported_media_type"},
		"a form":         {person, "multipart/form-data; boundary=x", good, 415, "unsupported_media_type"},
		"no type":        {person, "", good, 415, "unsupported_media_type"},
		"one over bound": {person, "image/png", append(bytes.Clone(good), make([]byte, portrait.MaxUpload+1-len(good))...), 413, "request_too_large"},
	} {
		t.Run(name, func(t *testing.T) {
			if f := o.upload(t, c.ref, c.contentType, c.body).problem(t, c.status, c.code); f.Detail == "" {
				t.Error("nothing says what to do")
			}
		})
	}
	at := append(bytes.Clone(good), make([]byte, portrait.MaxUpload-len(good))...)
	if answer := o.upload(t, person, "image/png", at); answer.status != http.StatusOK {
		t.Errorf("at the bound: %d %s", answer.status, answer.body)
	}
}

func TestPortrait_OnlySoManyAreTakenAtOnce(t *testing.T) {
	t.Parallel()
	o := start(t)
	for range maxUploads {
		if !take(o.service.uploads) {
			t.Fatal("no slot")
		}
	}
	answer := o.upload(t, eligible(t).ID, "image/png", drawn(t, "a face"))
	answer.problem(t, http.StatusServiceUnavailable, CodeOverloaded)
	if answer.header.Get("Retry-After") == "" {
		t.Error("nothing says when to try again")
	}
	<-o.service.uploads
	o.mustUpload(t, eligible(t).ID, "a face")
}
