package server

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/cyberbadge/cyberbadge/internal/httpserver"
	"github.com/cyberbadge/cyberbadge/issuer/signal"
)

// Problems with streams of signals beyond those of other calls.
const (
	CodeStreamForbidden = "stream_forbidden" // 403: not a receiver's token, or the office holds the stream
)

// signalRoutes are where other systems ask to be told of changes (SSF), and where the
// office registers them. Where there is no desk all of them are not_found.
func (s *Server) signalRoutes() []route {
	at := func(path string) string { return s.base + path }
	receiver := ScopeSignals
	one := []string{"stream_id"}
	return []route{
		{"GET", signal.WellKnown + s.base, "", nil, s.signals(s.signalMetadata)},
		{"GET", at(signal.KeySetPath), "", nil, s.signals(s.signalKeys)},
		{"POST", at(signal.ConfigurationPath), receiver, nil, s.signals(s.configureStream((*signal.Desk).Create, http.StatusCreated))},
		{"GET", at(signal.ConfigurationPath), receiver, one, s.signals(s.readStreams)},
		{"PATCH", at(signal.ConfigurationPath), receiver, nil, s.signals(s.configureStream((*signal.Desk).Update, http.StatusOK))},
		{"PUT", at(signal.ConfigurationPath), receiver, nil, s.signals(s.configureStream((*signal.Desk).Replace, http.StatusOK))},
		{"DELETE", at(signal.ConfigurationPath), receiver, one, s.signals(s.deleteStream)},
		{"GET", at(signal.StatusPath), receiver, one, s.signals(s.streamStatus)},
		{"POST", at(signal.StatusPath), receiver, nil, s.signals(s.setStreamStatus)},
		{"POST", at(signal.AddSubjectPath), receiver, nil, s.signals(s.changeStream((*signal.Desk).AddSubject, http.StatusOK))},
		{"POST", at(signal.RemoveSubjectPath), receiver, nil, s.signals(s.changeStream((*signal.Desk).RemoveSubject, http.StatusNoContent))},
		{"POST", at(signal.VerificationPath), receiver, nil, s.signals(s.changeStream((*signal.Desk).Verify, http.StatusNoContent))},
		{"POST", at(signal.PollPath + ":id"), receiver, nil, s.signals(s.pollStream)},

		{"GET", "/v1/signals", ScopeProgramRead, nil, s.signals(s.signalReceivers)},
		{"POST", "/v1/signals", ScopeProgramWrite, nil, s.signals(s.addSignalReceiver)},
		{"GET", "/v1/signals/:name", ScopeProgramRead, nil, s.signals(s.signalReceiver)},
		{"DELETE", "/v1/signals/:name", ScopeProgramWrite, nil, s.signals(s.removeSignalReceiver)},
		{"POST", "/v1/signals/:name/pause", ScopeProgramWrite, nil, s.signals(s.pauseSignals)},
		{"POST", "/v1/signals/:name/resume", ScopeProgramWrite, nil, s.signals(s.resumeSignals)},
		{"POST", "/v1/signals/:name/resend", ScopeProgramWrite, nil, s.signals(s.resendSignals)},
		{"POST", "/v1/signal-keys", ScopeProgramWrite, nil, s.signals(s.rotateSignalKey)},
	}
}

// signals answers where there is a desk.
func (s *Server) signals(answer answer) answer {
	return func(w http.ResponseWriter, r *http.Request) error {
		if s.config.Signals == nil {
			return refuse(http.StatusNotFound, CodeNotFound, "This issuer tells no other systems of changes.")
		}
		err := answer(w, r)
		var refused *signal.RefusedError
		if errors.As(err, &refused) {
			return refusedSignal(w, refused)
		}
		return err
	}
}

// refusedSignal gives a refusal the status that SSF has for it.
func refusedSignal(w http.ResponseWriter, refused *signal.RefusedError) error {
	switch refused.Why {
	case signal.Forbidden:
		return refuse(http.StatusForbidden, CodeStreamForbidden, "%s", refused.Detail)
	case signal.NotThere:
		return refuse(http.StatusNotFound, CodeNotFound, "%s", refused.Detail)
	case signal.Taken:
		return refuse(http.StatusConflict, CodeAlreadyExists, "%s", refused.Detail)
	case signal.TooSoon:
		w.Header().Set("Retry-After", fmt.Sprint(int(signal.VerificationInterval/time.Second)))
		return refuse(http.StatusTooManyRequests, CodeTooManyRequests, "%s", refused.Detail)
	}
	return badRequest(CodeValueInvalid, "%s", refused.Detail)
}

func (s *Server) signalMetadata(w http.ResponseWriter, r *http.Request) error {
	return current(func() (signal.Metadata, error) { return s.config.Signals.Metadata(r.Context()) })(w, r)
}

func (s *Server) signalKeys(w http.ResponseWriter, r *http.Request) error {
	return current(s.config.Signals.KeySet)(w, r)
}

// private answers with what is one receiver's.
func private(w http.ResponseWriter, status int, content any) error {
	w.Header().Set("Cache-Control", "no-store")
	return send(w, status, content)
}

func bare(w http.ResponseWriter, status int) error {
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	return nil
}

func (s *Server) readStreams(w http.ResponseWriter, r *http.Request) error {
	receiver := callerFrom(r.Context()).name
	if query := r.URL.Query(); query.Has("stream_id") {
		one, err := s.config.Signals.Read(r.Context(), receiver, query.Get("stream_id"))
		if err != nil {
			return err
		}
		return private(w, http.StatusOK, one)
	}
	list, err := s.config.Signals.Streams(r.Context(), receiver)
	if err != nil {
		return err
	}
	return private(w, http.StatusOK, list)
}

// configureStream answers with the stream as it is after a change.
func (s *Server) configureStream(change func(*signal.Desk, context.Context, string, []byte) (signal.Configuration, error), status int) answer {
	return func(w http.ResponseWriter, r *http.Request) error {
		body, err := httpserver.ReadBody(w, r, MaxBody, "application/json")
		if err != nil {
			return err
		}
		now, err := change(s.config.Signals, r.Context(), callerFrom(r.Context()).name, body)
		if err != nil {
			return err
		}
		return private(w, status, now)
	}
}

// changeStream answers a change with no more than that it was taken.
func (s *Server) changeStream(change func(*signal.Desk, context.Context, string, []byte) error, status int) answer {
	return func(w http.ResponseWriter, r *http.Request) error {
		body, err := httpserver.ReadBody(w, r, MaxBody, "application/json")
		if err != nil {
			return err
		}
		if err := change(s.config.Signals, r.Context(), callerFrom(r.Context()).name, body); err != nil {
			return err
		}
		return bare(w, status)
	}
}

func (s *Server) deleteStream(w http.ResponseWriter, r *http.Request) error {
	if err := s.config.Signals.Delete(r.Context(), callerFrom(r.Context()).name, r.URL.Query().Get("stream_id")); err != nil {
		return err
	}
	return bare(w, http.StatusNoContent)
}

func (s *Server) streamStatus(w http.ResponseWriter, r *http.Request) error {
	status, err := s.config.Signals.Status(r.Context(), callerFrom(r.Context()).name, r.URL.Query().Get("stream_id"))
	if err != nil {
		return err
	}
	return private(w, http.StatusOK, status)
}

func (s *Server) setStreamStatus(w http.ResponseWriter, r *http.Request) error {
	body, err := httpserver.ReadBody(w, r, MaxBody, "application/json")
	if err != nil {
		return err
	}
	status, err := s.config.Signals.SetStatus(r.Context(), callerFrom(r.Context()).name, body)
	if err != nil {
		return err
	}
	return private(w, http.StatusOK, status)
}

// maxPollBody is how long a poll may be: it acknowledges up to a thousand.
const maxPollBody = 256 << 10

func (s *Server) pollStream(w http.ResponseWriter, r *http.Request) error {
	body, err := httpserver.ReadBody(w, r, maxPollBody, "application/json")
	if err != nil {
		return err
	}
	// The body is read. Its deadline would end the wait, the one for the answer does not.
	wait := func() error { return http.NewResponseController(w).SetReadDeadline(time.Time{}) }
	answer, err := s.config.Signals.Poll(r.Context(), callerFrom(r.Context()).name, r.PathValue("id"), body, wait)
	if err != nil {
		return err
	}
	return private(w, http.StatusOK, answer)
}
