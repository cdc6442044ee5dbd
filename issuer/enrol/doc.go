// Package enrol brings badges to phones: OpenID for Verifiable Credential
// Issuance 1.0 with pre-authorized codes, every token bound to a key of the
// phone (DPoP, RFC 9449). It holds the protocol; package server puts it on HTTP.
//
// # The way of a badge
//
//	Desk.Invite      the office invites a person: a link, and a transaction code
//	                 that goes another way
//	Desk.Offer       the phone follows the link (section 4.1.3)
//	Desk.Token       code and transaction code for tokens (section 6), and later
//	                 a refresh token for new ones
//	Desk.Nonce       what the proofs have to hold (section 7)
//	Desk.Credential  proofs of up to [MaxBatch] keys for as many badges (section 8)
//	                 or for a stock
//	Desk.Notify      what the phone did with them (section 11)
//
// Whether the person may have a badge is decided when it is issued, each time,
// and never by an invitation or a token.
//
// # A stock of badges
//
// There are two credential configurations for one and the same badge. With
// [ConfigurationID] a batch is what wallets expect of it: copies, all good from
// now on. With [StockConfigurationID] the badges of an answer are good one after
// the other, so that a phone without signal has the next one when the first ends.
// How many that are is the policy's: whoever sends more proofs gets fewer badges.
//
// All badges of a stock rest on the standing at the moment of issuing and end with
// it, and each is revoked with the person's others: being ahead protects none.
// Asking again issues a whole stock anew from that moment on, so that however
// often a phone asks, it holds no badge for later than one stock reaches.
//
// An offer names the first configuration alone. A wallet that fetches all that it
// is offered would otherwise show a badge that is not good yet.
//
// # Secrets
//
// Codes and tokens are 32 random bytes, the transaction code is [TxCodeLength]
// digits. The store keeps hashes alone; that of a transaction code is made with
// the code, so that whoever reads the database can't try all digits. An offer's
// address holds the secret from which its code is made: the offer needs to be
// kept nowhere.
//
// An invitation waits for [InvitationLife], is redeemed once, and dies after
// [TxCodeAttempts] wrong transaction codes. The link alone opens nothing. A code
// that comes a second time from another key, with the right transaction code, is
// in two hands: then everything that came of it ends.
//
// A person has one phone. A new invitation ends the enrolment before it and
// revokes the person's live badges, which is what to do when a phone is lost.
//
// # Proofs
//
// Both kinds, DPoP and key proofs, are ES256 with the public key in the header,
// from [ProofAhead] ahead to [ProofBehind] behind, and hold a nonce of this
// issuer that is at most [NonceLife] old. A DPoP proof is taken once, and so is
// the nonce of key proofs; what was spent is in the store. Nonces are made with a
// key of this process: after a restart the phone is told to take another.
//
// # When an answer is lost
//
// The phone asks again with the same key and gets another badge; the one that it
// never accepted (Desk.Notify) is revoked then, and both are on record. A refresh
// token can be exchanged again until what it was exchanged for has been used. A
// lost answer to the code itself needs a new invitation.
//
// # What is not checked
//
// Which app it is and where its keys are kept: there is no attestation of
// wallets or keys. client_id, iss in key proofs and parameters that are not
// known are passed over.
package enrol
