package source

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/cyberbadge/cyberbadge/issuer/portrait"
)

// scimPhoto is one of a User's photos (RFC 7643, section 4.1.2). Its value is a
// URL: a picture in itself, or where on the web one is.
type scimPhoto struct {
	Value   string    `json:"value"`
	Type    string    `json:"type"`
	Primary looseBool `json:"primary"`
}

const dataScheme = "data:"

// inline reports whether the value is a picture in itself (RFC 2397).
func (p scimPhoto) inline() bool {
	return len(p.Value) >= len(dataScheme) && strings.EqualFold(p.Value[:len(dataScheme)], dataScheme)
}

// photo returns the picture that a user came with, nil if there is none.
// elsewhere says that all there is are addresses on the web: the issuer calls
// nobody, least of all where a file says.
func (u *scimUser) photo(f *fields) (picture *scimPhoto, elsewhere bool) {
	if len(u.Photos) == 0 {
		return nil, false
	}
	var all []scimPhoto
	if err := json.Unmarshal(u.Photos, &all); err != nil {
		f.notice("photos is not a list of photos: no portrait was taken; send values with the picture as a data: URL")
		return nil, false
	}
	for i, photo := range all {
		elsewhere = elsewhere || photo.Value != "" && !photo.inline()
		if photo.inline() && (picture == nil || photo.rank() > picture.rank()) {
			picture = &all[i]
		}
	}
	return picture, elsewhere && picture == nil
}

// rank prefers the primary photo, then one that is no thumbnail.
func (p scimPhoto) rank() int {
	switch {
	case p.Primary.value:
		return 2
	case p.Type == "photo":
		return 1
	}
	return 0
}

// portrait makes a portrait of a picture. One that is no good is no reason to
// leave the person out.
func (p *scimPhoto) portrait(f *fields) (made portrait.Portrait, ok bool) {
	header, content, _ := strings.Cut(p.Value, ",")
	if !strings.HasSuffix(strings.ToLower(header), ";base64") {
		f.notice("photos has a data: URL that is not in base64: no portrait was taken; send data:image/jpeg;base64,…")
		return made, false
	}
	raw, err := base64.StdEncoding.DecodeString(content)
	if err != nil {
		f.notice("photos has a data: URL whose base64 is damaged: no portrait was taken; export it again")
		return made, false
	}
	made, err = portrait.Take(raw)
	if refused := (*portrait.RefusedError)(nil); errors.As(err, &refused) {
		f.notice("photos: no portrait was taken, because %s", refused.Detail)
	}
	return made, err == nil
}

// photosElsewhere is what is said of people whose photos are on the web.
func photosElsewhere(people int) string {
	return fmt.Sprintf("the photos of %d people are addresses on the web, which are not fetched: "+
		"send pictures as data: URLs, or upload them one by one", people)
}
