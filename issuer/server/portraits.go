package server

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"time"

	"github.com/cyberbadge/cyberbadge/internal/httpserver"
	"github.com/cyberbadge/cyberbadge/internal/problem"
	"github.com/cyberbadge/cyberbadge/issuer/portrait"
	"github.com/cyberbadge/cyberbadge/issuer/store"
)

// pictureMaxAge is how long a portrait may be kept: its address is made from what
// it shows, so that it never changes.
const pictureMaxAge = 365 * 24 * time.Hour

// portraitRecord is what is told about somebody's portrait.
type portraitRecord struct {
	URL       string `json:"url"`       // as badges have it in picture
	Integrity string `json:"integrity"` // as badges have it in picture#integrity
	MediaType string `json:"media_type"`
	Width     int    `json:"width"`  // pixels
	Height    int    `json:"height"` // pixels
	Size      int    `json:"size"`   // bytes
}

// setPortrait takes a picture as the body. What it is shows in its first bytes;
// the Content-Type only has to be one of the two.
func (s *Server) setPortrait(w http.ResponseWriter, r *http.Request) error {
	if err := checkPictureType(r.Header); err != nil {
		return err
	}
	if !take(s.uploads) {
		return refuse(http.StatusServiceUnavailable, CodeOverloaded, "Other pictures are being taken in. Try again in a moment.")
	}
	defer func() { <-s.uploads }()
	upload, err := io.ReadAll(http.MaxBytesReader(w, r.Body, portrait.MaxUpload))
	if err != nil {
		return err
	}
	made, err := s.config.Program.SetPortrait(r.Context(), r.PathValue("ref"), upload, callerFrom(r.Context()).by)
	if err != nil {
		return err
	}
	return send(w, http.StatusOK, portraitRecord{
		URL:       s.config.Program.PictureURL(made.Digest),
		Integrity: made.Digest.Integrity(),
		MediaType: made.MediaType,
		Width:     made.Width,
		Height:    made.Height,
		Size:      len(made.Bytes),
	})
}

func checkPictureType(h http.Header) error {
	kinds := h.Values("Content-Type")
	if len(kinds) == 1 && len(h.Values("Content-Encoding")) == 0 {
		if kind, _, err := mime.ParseMediaType(kinds[0]); err == nil && (kind == "image/jpeg" || kind == "image/png") {
			return nil
		}
	}
	return refuse(http.StatusUnsupportedMediaType, httpserver.CodeUnsupportedMediaType,
		"Send the picture itself as the body, as image/jpeg or image/png.")
}

func (s *Server) removePortrait(w http.ResponseWriter, r *http.Request) error {
	if err := s.config.Program.RemovePortrait(r.Context(), r.PathValue("ref"), callerFrom(r.Context()).by); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// portraitOf answers with a person's portrait, for the office alone.
func (s *Server) portraitOf(w http.ResponseWriter, r *http.Request) error {
	found, err := s.config.Program.PortraitOf(r.Context(), r.PathValue("ref"))
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", found.MediaType)
	serve(w, r, found.Bytes)
	return nil
}

// picture answers whoever has read in a badge where its picture is. No page of
// another origin may show it: a customer's gate page has it from the customer's
// own service.
func (s *Server) picture(w http.ResponseWriter, r *http.Request) error {
	name, ok := portrait.ParseName(r.PathValue("name"))
	if !ok {
		return fmt.Errorf("issuer: no such picture: %w", store.ErrNotFound)
	}
	found, err := s.config.Program.Portrait(r.Context(), name)
	if errors.Is(err, store.ErrNotFound) {
		return fmt.Errorf("issuer: no such picture: %w", store.ErrNotFound)
	}
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", found.MediaType)
	h.Set("Etag", `"`+name.String()+`"`)
	h.Set("Cache-Control", fmt.Sprintf("public, max-age=%d, immutable", int(pictureMaxAge/time.Second)))
	serve(w, r, found.Bytes)
	return nil
}

// refusedPicture is the answer to a picture that no portrait can be made of.
func refusedPicture(err error, refused *portrait.RefusedError) error {
	return &problem.Error{Status: http.StatusUnprocessableEntity, Code: CodePortraitRefused, Err: err,
		Detail: "No portrait was taken: " + refused.Detail + "."}
}
