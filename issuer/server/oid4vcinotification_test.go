package server

import (
	"net/http"
	"testing"

	"github.com/cyberbadge/cyberbadge/issuer/store"
)

func TestNotification_WhatThePhoneDoesNotHaveIsRevoked(t *testing.T) {
	t.Parallel()
	o := start(t)
	p := o.enrolled(t, eligible(t).ID, "phone")
	for event, want := range map[string]store.Status{"credential_accepted": store.Valid, "credential_failure": store.Invalid, "credential_deleted": store.Invalid} {
		got := p.badges(t, p.ask(t, event+" 1", event+" 2"))
		for range 2 { // as often as it likes
			if answer := p.notify(t, got.NotificationID, event); answer.status != http.StatusNoContent || len(answer.body) != 0 {
				t.Errorf("%s: %d %s", event, answer.status, answer.body)
			}
		}
		for i := range got.badges {
			if status := o.statusOf(t, got, i); status != want {
				t.Errorf("after %s a badge is %s", event, status)
			}
		}
	}
}

func TestNotification_CallsThatAreWrongAreToldSo(t *testing.T) {
	t.Parallel()
	o := start(t)
	p := o.enrolled(t, eligible(t).ID, "phone")
	id := p.badges(t, p.ask(t, "a")).NotificationID
	for body, want := range map[string]string{
		`{}`:                               "invalid_notification_request",
		`[]`:                               "invalid_notification_request",
		`{"notification_id":"` + id + `"}`: "invalid_notification_request",
		`{"notification_id":"` + id + `","event":"credential_eaten"}`:          "invalid_notification_request",
		`{"notification_id":1,"event":"credential_accepted"}`:                  "invalid_notification_request",
		`{"notification_id":"unknown","event":"credential_accepted"}`:          "invalid_notification_id",
		`{"notification_id":"` + id + `x","event":"credential_deleted","x":1}`: "invalid_notification_id",
	} {
		p.send(t, "/notification", "application/json", body, p.access).refused(t, http.StatusBadRequest, want)
	}
	var another string
	for _, v := range verdicts(t) {
		if v.ID != eligible(t).ID {
			another = v.ID
			break
		}
	}
	o.enrolled(t, another, "other phone").notify(t, id, "credential_deleted").refused(t, http.StatusBadRequest, "invalid_notification_id")
	p.send(t, "/notification", "application/json", `{}`, "").refused(t, http.StatusUnauthorized, "invalid_token")
}
