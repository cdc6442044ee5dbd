package enrol

import (
	"context"
	"crypto/rand"
	"errors"
	"sync"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer"
	"github.com/cyberbadge/cyberbadge/issuer/store"
)

// Call is a call with an access token.
type Call struct {
	AccessToken string
	DPoP        []string // the DPoP headers
	Body        []byte
}

// Credentials is the answer of the credential endpoint (OpenID4VCI, section 8.3).
type Credentials struct {
	Credentials    []Credential `json:"credentials"`
	NotificationID string       `json:"notification_id"`
}

// Credential is one badge with every disclosure.
type Credential struct {
	Text string `json:"credential"`
}

// unused ends badges that were signed and will not be handed out.
const unused = "issued but never handed out"

// cleanUp is the time that ending such badges may take after the caller is gone.
const cleanUp = 10 * time.Second

// Credential issues a badge for each key of which the request has a proof: all of
// them or none. Of a stock, the badges begin one after the other, and there are
// fewer than proofs where the policy allows no more or the standing ends before
// (section 8.3). In this order it checks the access token and that the DPoP proof
// is for it, the request, the proofs, that neither proof nor nonces were used
// before, and, by issuing, the person's standing. The error is an [*Error] or the
// store's; after an error nothing was handed out and what was signed is revoked.
func (d *Desk) Credential(ctx context.Context, call Call) (Credentials, error) {
	now := d.config.Now()
	enrolment, proof, err := d.authorize(ctx, call, CredentialPath, now)
	if err != nil {
		return Credentials{}, err
	}
	request, err := readRequest(call.Body)
	if err != nil {
		return Credentials{}, err
	}
	if request.stock {
		// Proofs that get no badge need no look.
		request.proofs = request.proofs[:min(len(request.proofs), d.config.Program.Stock())]
	}
	proofs, nonces, err := d.checkProofs(request.proofs, now)
	if err != nil {
		return Credentials{}, err
	}
	if err := d.spend(ctx, proof.once(now), nonces); err != nil {
		return Credentials{}, err
	}
	return d.issue(ctx, enrolment, proofs, request.stock)
}

// authorize says whose phone calls. A token and a proof that don't belong
// together open nothing.
func (d *Desk) authorize(ctx context.Context, call Call, path string, now time.Time) (store.Enrolment, dpop, error) {
	invalid := refuse(InvalidToken, "the access token is unknown, replaced or expired; refresh it")
	if !isSecret(call.AccessToken) {
		return store.Enrolment{}, dpop{}, invalid
	}
	proof, err := d.proven(call.DPoP, path, call.AccessToken, now)
	if err != nil {
		return store.Enrolment{}, dpop{}, err
	}
	enrolment, err := d.config.Store.EnrolmentByAccess(ctx, accessHash(call.AccessToken), now)
	if errors.Is(err, store.ErrNotFound) {
		return store.Enrolment{}, dpop{}, invalid
	}
	if err == nil && enrolment.KeyThumbprint != proof.keyID {
		err = refuse(InvalidToken, "the access token is bound to another key")
	}
	return enrolment, proof, err
}

// spend uses up the DPoP proof and the nonces together. Where that fails, trying
// the proof alone tells which of them the phone has to make anew.
func (d *Desk) spend(ctx context.Context, proof store.OneTime, nonces []store.OneTime) error {
	err := d.config.Store.Spend(ctx, append(nonces, proof))
	if !errors.Is(err, store.ErrAlreadyExists) {
		return err
	}
	err = d.config.Store.Spend(ctx, []store.OneTime{proof})
	if errors.Is(err, store.ErrAlreadyExists) {
		return proofUsed()
	}
	if err != nil {
		return err
	}
	return invalidNonce()
}

func (d *Desk) issue(ctx context.Context, enrolment store.Enrolment, proofs []keyProof, stock bool) (Credentials, error) {
	issued, err := d.issueAll(ctx, enrolment, proofs, stock)
	if err != nil {
		d.revoke(ctx, enrolment, issued)
		return Credentials{}, d.denied(err)
	}
	delivery := store.Delivery{ID: rand.Text(), EnrolmentID: enrolment.ID, At: d.config.Now()}
	answer := Credentials{NotificationID: delivery.ID}
	for _, b := range issued {
		delivery.BadgeIDs = append(delivery.BadgeIDs, b.ID)
		answer.Credentials = append(answer.Credentials, Credential{b.Text})
	}
	// The enrolment may have ended since the token was looked at.
	superseded, err := d.config.Store.RecordDelivery(ctx, delivery)
	if err != nil {
		d.revoke(ctx, enrolment, issued)
		return Credentials{}, d.denied(err)
	}
	d.config.Logger.InfoContext(ctx, "badges delivered", "enrolment", enrolment.ID, "delivery", delivery.ID,
		"badges", len(issued), "superseded", len(superseded))
	return answer, nil
}

// issueAll issues at once, because what takes time is the disk, which then works
// for all of them together. It returns what was issued even beside an error.
func (d *Desk) issueAll(ctx context.Context, enrolment store.Enrolment, proofs []keyProof, stock bool) ([]issuer.Issued, error) {
	badges, errs := make([]issuer.Issued, len(proofs)), make([]error, len(proofs))
	var wait sync.WaitGroup
	for i, p := range proofs {
		wait.Go(func() {
			request := issuer.IssueRequest{Person: enrolment.PersonID, HolderKey: p.key, By: enrolment.Actor()}
			if stock {
				request.Place = i
			}
			badges[i], errs[i] = d.config.Program.Issue(ctx, request)
		})
	}
	wait.Wait()
	issued := badges[:0]
	for i, b := range badges {
		if errs[i] == nil {
			issued = append(issued, b)
		}
	}
	for i, err := range errs {
		endsBefore := stock && i > 0 && errors.Is(err, issuer.ErrEndsTooSoon)
		if err != nil && !endsBefore {
			return issued, err
		}
	}
	return issued, nil
}

// revoke ends badges that nobody will get. One that it can't end is known to
// nobody but the store, and the next delivery to its key ends it.
func (d *Desk) revoke(ctx context.Context, enrolment store.Enrolment, issued []issuer.Issued) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanUp)
	defer cancel()
	for _, b := range issued {
		_, err := d.config.Program.SetStatus(ctx, b.ID, store.Invalid, unused, enrolment.Actor())
		if err != nil && !errors.Is(err, store.ErrFinal) {
			d.config.Logger.ErrorContext(ctx, "badge not revoked", "badge", b.ID, "error", err)
		}
	}
}
