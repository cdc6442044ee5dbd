package server

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/cyberbadge/cyberbadge/internal/httpserver"
	"github.com/cyberbadge/cyberbadge/internal/problem"
	"github.com/cyberbadge/cyberbadge/internal/webhook"
	"github.com/cyberbadge/cyberbadge/issuer/evidence"
	"github.com/cyberbadge/cyberbadge/issuer/source"
	"github.com/cyberbadge/cyberbadge/issuer/store"
)

// takeDevices takes in a signed webhook. Whose secret fits is who sent it.
func (s *Server) takeDevices(w http.ResponseWriter, r *http.Request) error {
	if len(s.evidence.senders) == 0 {
		return refuse(http.StatusNotFound, CodeNotFound, "No sender of device reports is configured.")
	}
	body, err := httpserver.ReadBody(w, r, MaxDeviceReport, "application/json")
	if err != nil {
		return err
	}
	var report evidenceReport
	for _, from := range s.evidence.senders {
		err = from.receiver.Receive(r.Context(), r.Header, body, func(ctx context.Context, of webhook.Verified) (err error) {
			report, err = s.receiveDevices(ctx, from.Source, of, body)
			return err
		})
		if webhook.CodeOf(err) != webhook.CodeSignature {
			break
		}
	}
	if err != nil {
		return refusedWebhook(err)
	}
	if report.Refused > 0 && report.Refused == len(report.Devices.Problems) && report.Devices.ImportCount == (store.ImportCount{}) {
		return refuseEvidence(w, report.Devices.Problems)
	}
	return send(w, http.StatusOK, report)
}

// refusedWebhook gives a refusal its status. One that was taken before is a
// conflict: nothing is lost by giving it up.
func refusedWebhook(err error) error {
	var refused *webhook.Error
	if !errors.As(err, &refused) {
		return err
	}
	status := http.StatusUnauthorized
	switch refused.Code {
	case webhook.CodeHeader:
		status = http.StatusBadRequest
	case webhook.CodeReplayed:
		status = http.StatusConflict
	case webhook.CodeBusy:
		status = http.StatusServiceUnavailable
	}
	return &problem.Error{Status: status, Code: string(refused.Code), Detail: refused.Detail + ".", Err: err}
}

// receiveDevices takes in what a sender reports. Reports are taken in one after
// the other, because of two that cross on the way the later one counts.
func (s *Server) receiveDevices(ctx context.Context, from string, of webhook.Verified, body []byte) (evidenceReport, error) {
	result, at, err := source.DeviceReport(bytes.NewReader(body), source.Config{Source: from})
	if err != nil {
		return evidenceReport{}, unreadableEvidence(err)
	}
	if now := s.config.Now(); at.After(now.Add(webhook.Tolerance)) {
		return evidenceReport{}, refuse(http.StatusUnprocessableEntity, CodeEvidenceUnreadable,
			"Nothing was taken in: timestamp is more than %s ahead of our clock. Check both.", webhook.Tolerance)
	}
	if err := s.resolve(ctx, result.Records); err != nil {
		return evidenceReport{}, err
	}
	done, err := s.evidence.wait(ctx)
	if err != nil {
		return evidenceReport{}, err
	}
	defer done()
	overtaken := s.evidence.dropOvertaken(&result, at)
	got, err := s.config.Program.Receive(ctx, store.Import{
		By: "webhook:" + from, Devices: result.Records, DeviceHashes: result.Hashes, WithdrawnDevices: result.Removed,
		Once: onceOf(from, of),
	})
	if errors.Is(err, store.ErrAlreadyExists) {
		err = &webhook.Error{Code: webhook.CodeReplayed, Detail: "a webhook with this id was taken before"}
	}
	if err != nil {
		return evidenceReport{}, err
	}
	s.evidence.remember(result, at)
	result.Skipped += overtaken
	report := evidenceReport{Judged: got.Judged, Losing: got.Losing}
	report.Devices, report.Refused = fileReport(result, got.Devices)
	s.config.Logger.InfoContext(ctx, "devices received", "source", from, "devices", got.Devices, "overtaken", overtaken, "refused", report.Refused)
	return report, nil
}

// onceOf is what the store remembers of a webhook, in the transaction in which it takes
// in what it brought: one that was taken in is known as such after a restart, one that
// was not may come again. It is kept for as long as its signature could be shown again,
// like the claim of the receiver.
func onceOf(from string, of webhook.Verified) store.OneTime {
	return store.OneTime{Hash: sha256.Sum256([]byte("webhook:" + from + "." + of.ID)), Until: of.At.Add(webhook.Tolerance + time.Second)}
}

// resolve finds the people whom the sender names.
func (s *Server) resolve(ctx context.Context, devices []evidence.Device) error {
	if s.config.Evidence.Directory == nil {
		return nil
	}
	for n := range devices {
		if devices[n].PersonID == "" {
			continue
		}
		person, err := s.config.Evidence.Directory.PersonID(ctx, devices[n].PersonID)
		if err != nil {
			return err
		}
		if person != "" {
			devices[n].PersonID = person
		}
	}
	return nil
}

// wait returns when it is the caller's turn; done ends it. Too many who wait are
// sent away: they come again with what they have.
func (d *evidenceDesk) wait(ctx context.Context) (done func(), err error) {
	if !take(d.reports) {
		return nil, refuse(http.StatusServiceUnavailable, CodeOverloaded, "Many reports are being taken in. Send this one again in a moment.")
	}
	select {
	case d.turn <- struct{}{}:
		return func() { <-d.turn; <-d.reports }, nil
	case <-ctx.Done():
		<-d.reports
		return nil, ctx.Err()
	}
}

// dropOvertaken leaves out devices of which a later report was taken in, and
// returns how many those are: a sender that repeats an old report because of a
// lost answer must not undo a new one.
func (d *evidenceDesk) dropOvertaken(result *source.Result[evidence.Device], at time.Time) int {
	overtaken := func(o evidence.Origin) bool {
		last, known := d.latest.Peek(o)
		return known && at.Before(last)
	}
	before := len(result.Records) + len(result.Removed)
	kept := 0
	for n, one := range result.Records {
		if !overtaken(one.Origin) {
			result.Records[kept], result.Hashes[kept] = one, result.Hashes[n]
			kept++
		}
	}
	result.Records, result.Hashes = result.Records[:kept], result.Hashes[:kept]
	result.Removed = slices.DeleteFunc(result.Removed, overtaken)
	return before - len(result.Records) - len(result.Removed)
}

func (d *evidenceDesk) remember(result source.Result[evidence.Device], at time.Time) {
	for _, one := range result.Records {
		d.latest.Add(one.Origin, at)
	}
	for _, o := range result.Removed {
		d.latest.Add(o, at)
	}
}
