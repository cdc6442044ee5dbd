package enrol

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer/store"
)

// preAuthorizedGrant is the grant of OpenID4VCI, section 4.1.1.
const preAuthorizedGrant = "urn:ietf:params:oauth:grant-type:pre-authorized_code"

// Invitation is what the office gets to pass on. OfferURI, Link, PhoneLink and
// Offer hold the code; TxCode must reach the person another way.
type Invitation struct {
	ID        string // of the enrolment
	PersonID  string
	ExpiresAt time.Time
	Offer     Offer
	OfferURI  string // where the offer can be fetched
	Link      string // for any wallet: openid-credential-offer://…
	PhoneLink string // for the issuer's own page
	TxCode    string
	Revoked   []string // ids of the badges that ended with what was before
}

// Offer is a credential offer (OpenID4VCI, section 4.1.1).
type Offer struct {
	Issuer         string   `json:"credential_issuer"`
	Configurations []string `json:"credential_configuration_ids"`
	Grants         Grants   `json:"grants"`
}

// Grants are the ways in which an offer can be taken.
type Grants struct {
	PreAuthorized PreAuthorized `json:"urn:ietf:params:oauth:grant-type:pre-authorized_code"`
}

// PreAuthorized is the only grant there is.
type PreAuthorized struct {
	Code   string `json:"pre-authorized_code"`
	TxCode TxCode `json:"tx_code"`
}

// TxCode tells a wallet what to ask the person for.
type TxCode struct {
	InputMode   string `json:"input_mode"`
	Length      int    `json:"length"`
	Description string `json:"description"`
}

// ErrNoOffer is the answer to an address at which there is no offer, or no longer
// one.
var ErrNoOffer = errors.New("enrol: no open offer")

// Invite makes an invitation for a person, found as issuer.Program finds one. It
// ends the person's enrolment and live badges, whether or not the person may have
// a badge now. The error is store.ErrNotFound for nobody, or the store's.
func (d *Desk) Invite(ctx context.Context, ref, by string) (Invitation, error) {
	person, err := d.config.Program.Person(ctx, ref)
	if err != nil {
		return Invitation{}, err
	}
	offerID := newSecret()
	code := codeOf(offerID)
	txCode, err := newTxCode()
	if err != nil {
		return Invitation{}, fmt.Errorf("enrol: %w", err)
	}
	now := d.config.Now()
	kept := store.Invitation{
		ID:         rand.Text(),
		PersonID:   person.ID,
		CodeHash:   codeHash(code),
		TxCodeHash: txCodeHash(code, txCode),
		Attempts:   TxCodeAttempts,
		InvitedAt:  now,
		ExpiresAt:  now.Add(InvitationLife),
		By:         by,
	}
	revoked, err := d.config.Store.AddInvitation(ctx, kept)
	if err != nil {
		return Invitation{}, err
	}
	d.config.Logger.InfoContext(ctx, "invited", "enrolment", kept.ID, "by", by, "revoked", len(revoked))
	address := d.url(OfferPath) + offerID
	query := "?credential_offer_uri=" + url.QueryEscape(address)
	return Invitation{
		ID:        kept.ID,
		PersonID:  person.ID,
		ExpiresAt: kept.ExpiresAt,
		Offer:     d.offer(code),
		OfferURI:  address,
		Link:      "openid-credential-offer://" + query,
		PhoneLink: d.url(PhonePath) + query,
		TxCode:    txCode,
		Revoked:   ids(revoked),
	}, nil
}

// Enrolments returns the phones of a person, the latest invitation first. The
// error is store.ErrNotFound for nobody, or the store's.
func (d *Desk) Enrolments(ctx context.Context, ref string) ([]store.Enrolment, error) {
	person, err := d.config.Program.Person(ctx, ref)
	if err != nil {
		return nil, err
	}
	return d.config.Store.EnrolmentsOf(ctx, person.ID)
}

func ids(badges []store.Badge) []string {
	list := make([]string, 0, len(badges))
	for _, b := range badges {
		list = append(list, b.ID)
	}
	return list
}

// Offer returns the offer at an address below [OfferPath] as long as it can be
// taken, else [ErrNoOffer]. It may be fetched any number of times: the person may
// have opened the link on another device first.
func (d *Desk) Offer(ctx context.Context, id string) (Offer, error) {
	if !isSecret(id) {
		return Offer{}, ErrNoOffer
	}
	code := codeOf(id)
	if _, err := d.config.Store.EnrolmentByCode(ctx, codeHash(code), d.config.Now()); err != nil {
		if errors.Is(err, store.ErrNotFound) {
			err = ErrNoOffer
		}
		return Offer{}, err
	}
	return d.offer(code), nil
}

func (d *Desk) offer(code string) Offer {
	return Offer{
		Issuer:         d.config.Program.URL(),
		Configurations: []string{ConfigurationID},
		Grants: Grants{PreAuthorized{code, TxCode{
			InputMode:   "numeric",
			Length:      TxCodeLength,
			Description: "The code that the program office gave you apart from this link",
		}}},
	}
}
