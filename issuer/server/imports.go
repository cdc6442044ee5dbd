package server

import (
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"

	"github.com/cyberbadge/cyberbadge/internal/httpserver"
	"github.com/cyberbadge/cyberbadge/internal/problem"
	"github.com/cyberbadge/cyberbadge/issuer"
)

// importFiles takes in the files of a multipart/form-data body, each read as it
// arrives.
func (s *Server) importFiles(w http.ResponseWriter, r *http.Request) error {
	confirmed, dryRun, err := importFlags(r)
	if err != nil {
		return err
	}
	parts, err := formParts(w, r)
	if err != nil {
		return err
	}
	if !take(s.imports) {
		return refuse(http.StatusServiceUnavailable, CodeOverloaded, "Another import is under way. Try again when it is done.")
	}
	defer func() { <-s.imports }()
	importing := s.config.Program.BeginImport()
	if confirmed {
		importing.Confirm()
	}
	if dryRun {
		importing.DryRun()
	}
	if err := readParts(parts, importing); err != nil {
		return err
	}
	by := callerFrom(r.Context()).by
	report, err := importing.Apply(r.Context(), by)
	if err != nil {
		return err
	}
	without, err := s.withoutManager(r.Context())
	if err != nil {
		return err
	}
	s.config.Logger.InfoContext(r.Context(), "imported", "by", by, "notices", len(report.Notices), "confirmed", confirmed, "dry_run", dryRun,
		"people", report.People.ImportCount, "training", report.Training.ImportCount, "devices", report.Devices.ImportCount)
	if report.Notices == nil {
		report.Notices = []issuer.ImportProblem{} // of a dry run
	}
	return send(w, http.StatusOK, importAnswer{report, without, dryRun})
}

// importAnswer is a report, and what it was about.
type importAnswer struct {
	issuer.ImportReport
	WithoutManager int  `json:"without_manager"` // active people whose manager can't be told
	DryRun         bool `json:"dry_run"`         // nothing was taken in
}

// importFlags reads what is asked for beside the files. To confirm takes a person:
// the limit is there because machines send what is wrong.
func importFlags(r *http.Request) (confirmed, dryRun bool, err error) {
	query := r.URL.Query()
	if confirmed, err = flag(query, "confirm"); err != nil {
		return false, false, err
	}
	if dryRun, err = flag(query, "dry_run"); err != nil {
		return false, false, err
	}
	if confirmed && !dryRun {
		err = callerFrom(r.Context()).inPerson()
	}
	return confirmed, dryRun, err
}

func formParts(w http.ResponseWriter, r *http.Request) (*multipart.Reader, error) {
	kinds := r.Header.Values("Content-Type")
	if len(kinds) != 1 || len(r.Header.Values("Content-Encoding")) > 0 {
		return nil, notMultipart()
	}
	kind, parameters, err := mime.ParseMediaType(kinds[0])
	if err != nil || kind != "multipart/form-data" || parameters["boundary"] == "" {
		return nil, notMultipart()
	}
	return multipart.NewReader(http.MaxBytesReader(w, r.Body, MaxImport), parameters["boundary"]), nil
}

func notMultipart() error {
	return refuse(http.StatusUnsupportedMediaType, httpserver.CodeUnsupportedMediaType,
		"Send the files as multipart/form-data, uncompressed, in parts named people, training and devices.")
}

func readParts(parts *multipart.Reader, importing *issuer.Importing) error {
	seen := map[string]bool{}
	for {
		// The raw part: no decoding on the word of a part's header.
		part, err := parts.NextRawPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return brokenMultipart(err)
		}
		name := part.FormName()
		switch {
		case name != issuer.PeopleFile && name != issuer.TrainingFile && name != issuer.DevicesFile:
			return badRequest(CodePartUnknown, "A part is named %.64q. Send parts named people, training and devices.", name)
		case seen[name]:
			return badRequest(CodePartRepeated, "The part %s stands twice. Send each file once.", name)
		}
		seen[name] = true
		if err := importing.Read(name, part); err != nil {
			return err
		}
	}
	if len(seen) == 0 {
		return badRequest(CodePartMissing, "There is no file. Send at least one of the parts people, training and devices.")
	}
	return nil
}

func brokenMultipart(err error) error {
	if problem.From(err).Code != problem.CodeInternal {
		return err // too large, or too slow
	}
	return &problem.Error{Status: http.StatusBadRequest, Code: CodeMultipartInvalid, Err: err,
		Detail: "The body is not multipart/form-data as its Content-Type says, or ends in the middle. Send it again."}
}
