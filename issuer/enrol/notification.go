package enrol

import (
	"context"
	"errors"

	"github.com/cyberbadge/cyberbadge/internal/strictjson"
	"github.com/cyberbadge/cyberbadge/issuer/store"
)

// Notify takes in what the phone did with the badges of one answer (OpenID4VCI,
// section 11). Those that it could not keep or deleted are revoked; those that it
// accepted are not revoked in favour of a later badge for the same key. Repeating
// it changes nothing. The error is an [*Error] or the store's.
func (d *Desk) Notify(ctx context.Context, call Call) error {
	now := d.config.Now()
	enrolment, proof, err := d.authorize(ctx, call, NotificationPath, now)
	if err != nil {
		return err
	}
	id, event, err := readNotification(call.Body)
	if err != nil {
		return err
	}
	if err := d.config.Store.Spend(ctx, []store.OneTime{proof.once(now)}); err != nil {
		return exchangeFailed(err, err)
	}
	revoked, err := d.config.Store.RecordNotification(ctx, store.Notification{
		DeliveryID: id, EnrolmentID: enrolment.ID, Event: event, At: now,
	})
	if errors.Is(err, store.ErrNotFound) {
		return refuse(InvalidNotificationID, "this phone got no answer with this notification_id")
	}
	if err != nil {
		return err
	}
	d.config.Logger.InfoContext(ctx, "notified", "enrolment", enrolment.ID, "delivery", id, "event", event, "revoked", len(revoked))
	return nil
}

func readNotification(body []byte) (id string, event store.NotificationEvent, err error) {
	request, err := object(body, InvalidNotificationRequest)
	if err != nil {
		return "", "", err
	}
	idValue, _ := request.Member("notification_id")
	eventValue, _ := request.Member("event")
	if idValue.Kind != strictjson.String || idValue.Text == "" || len(idValue.Text) > MaxParameter {
		return "", "", refuse(InvalidNotificationRequest, "notification_id is not a string of 1 to %d bytes", MaxParameter)
	}
	switch event := store.NotificationEvent(eventValue.Text); event {
	case store.CredentialAccepted, store.CredentialFailure, store.CredentialDeleted:
		return idValue.Text, event, nil
	}
	return "", "", refuse(InvalidNotificationRequest, "event is %s, %s or %s",
		store.CredentialAccepted, store.CredentialFailure, store.CredentialDeleted)
}
