package outbound

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
)

// Code says which rule a call broke. The set is closed.
type Code string

// The codes of [Error].
const (
	CodeBlocked         Code = "fetch_blocked"          // an address or URL that is not called
	CodeRedirectRefused Code = "fetch_redirect_refused" // a redirect too many, or to somewhere else
	CodeTooLarge        Code = "fetch_too_large"        // more body than the bound
	CodeTLS             Code = "fetch_tls"              // the server could not prove who it is
	CodeFailed          Code = "fetch_failed"           // no answer: network, name, time, HTTP
)

// Error is a call that has no response.
type Error struct {
	Code   Code
	Host   string // of the URL, without path and query: those may hold secrets. It may be empty
	Detail string
	Err    error // the cause, or nil
}

// Error implements the error interface. The text does not have the URL's path,
// unless the cause has it.
func (e *Error) Error() string {
	text := "outbound: " + string(e.Code)
	if e.Host != "" {
		text += ": " + e.Host
	}
	if e.Detail != "" {
		text += ": " + e.Detail
	}
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// CodeOf returns the code of the first [*Error] in err's tree, [CodeFailed] for
// any other error, and "" for nil.
func CodeOf(err error) Code {
	if err == nil {
		return ""
	}
	var known *Error
	if errors.As(err, &known) {
		return known.Code
	}
	return CodeFailed
}

// isTLS reports whether a failed call failed at the server's certificate or at
// the handshake.
func isTLS(err error) bool {
	var (
		verification *tls.CertificateVerificationError
		record       tls.RecordHeaderError
		alert        tls.AlertError
		authority    x509.UnknownAuthorityError
		hostname     x509.HostnameError
		invalid      x509.CertificateInvalidError
	)
	return errors.As(err, &verification) || errors.As(err, &record) || errors.As(err, &alert) ||
		errors.As(err, &authority) || errors.As(err, &hostname) || errors.As(err, &invalid)
}
