package credential

import (
	"crypto/ecdsa"
	"time"
)

// MediaType is the typ header of a badge, and its media type without
// "application/" (draft-ietf-oauth-sd-jwt-vc, section 3.1).
const MediaType = "dc+sd-jwt"

// Access is what a badge grants at a customer's.
type Access string

// The kinds of access.
const (
	Onsite Access = "onsite"
	Remote Access = "remote"
)

// Known reports whether a is one of the kinds above.
func (a Access) Known() bool { return a == Onsite || a == Remote }

// Claims are what a badge says. In an opened badge the fields from GivenName on
// are empty unless the holder disclosed them; empty strings are never signed,
// so empty always means not disclosed.
type Claims struct {
	Issuer    string // HTTPS URL of the program
	Type      string // vct: URL of the credential type
	Subject   string // opaque, stable for one person at one issuer
	IssuedAt  time.Time
	NotBefore time.Time
	Expires   time.Time // the badge is expired at this instant
	Access    []Access
	HolderKey *ecdsa.PublicKey // P-256; nil only in a badge that is bound to no key
	Status    StatusRef

	GivenName        string
	FamilyName       string
	Picture          string // HTTPS URL
	PictureIntegrity string // "sha256-" and base64 (W3C Subresource Integrity)
	EmployeeNumber   string
	Organization     string
	Role             string
	Training         []Training
	Equipment        *Equipment
}

// StatusRef is a badge's place in a Token Status List. Issuer, URI and Index
// together are the identity of a badge: its text is not, because one badge has
// many presentations. An empty URI means that the badge names no list.
type StatusRef struct {
	URI   string
	Index uint64
}

// Training is a course that the person holds.
type Training struct {
	Course     string // short code, for example "CB-101"
	Standard   string // what it teaches to, for example "IEC 62443-2-4"
	ValidUntil time.Time
}

// Equipment says whether the person's equipment was found compliant, and when.
type Equipment struct {
	Compliant bool
	CheckedAt time.Time
}

// Grants reports whether the badge grants access a.
func (c *Claims) Grants(a Access) bool {
	for _, granted := range c.Access {
		if granted == a {
			return true
		}
	}
	return false
}

// The names under which claims are signed. A badge holds no other name: the
// list is what keeps a name from outside from becoming a claim.
const (
	nameIssuer           = "iss"
	nameType             = "vct"
	nameSubject          = "sub"
	nameIssuedAt         = "iat"
	nameNotBefore        = "nbf"
	nameExpires          = "exp"
	nameAccess           = "access"
	nameAudience         = "aud" // of a badge only read, never written
	nameConfirmation     = "cnf"
	nameStatus           = "status"
	nameGivenName        = "given_name"
	nameFamilyName       = "family_name"
	namePicture          = "picture"
	namePictureIntegrity = "picture#integrity"
	nameEmployeeNumber   = "employee_number"
	nameOrganization     = "organization"
	nameRole             = "role"
	nameTraining         = "training"
	nameEquipment        = "equipment"
)

// Disclosable are the names of the claims that a holder may keep back, in the
// order in which an issuer writes their disclosures.
func Disclosable() []string {
	return []string{
		nameGivenName, nameFamilyName, namePicture, namePictureIntegrity, nameEmployeeNumber,
		nameOrganization, nameRole, nameTraining, nameEquipment,
	}
}

// alwaysDisclosed are claims that decide whether a badge is good. A holder who
// could keep one back or add one could change the answer (RFC 9901, section
// 9.7; SD-JWT VC, section 3.2.2.2).
func alwaysDisclosed(name string) bool {
	switch name {
	case nameIssuer, nameType, nameSubject, nameIssuedAt, nameNotBefore, nameExpires, nameAccess,
		nameConfirmation, nameStatus, nameAudience, "jti", "vct#integrity", "aka_vcts":
		return true
	}
	return false
}
