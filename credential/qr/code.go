package qr

import (
	"fmt"
	"math/big"
	"strings"
)

// Limits on a code's text, checked before anything else is done with it.
const (
	// MaxDigits bounds the decimal number. Its conversion takes quadratic time:
	// 3,000 digits some 30 µs, a million digits seconds. 3,000 digits are a
	// QR code of version 27, far more than a gate's camera should be asked to read.
	MaxDigits = 3000
	// MaxPrefix bounds the URL before the digits, '#' included.
	MaxPrefix = 128
	// MinBareDigits bounds a code without a URL from below: a frame holds a
	// signature of 64 bytes, other people's numbers are shorter.
	MinBareDigits = 100
)

// IsCode reports whether text has the shape of a gate code: a check page's URL
// and '#', or nothing, and then digits, within the limits. It is cheap and does
// not tell whether the code unpacks; it tells other people's QR codes from ours.
func IsCode(text string) bool {
	_, _, err := cut(text)
	return err == nil
}

// cut splits a code into the issuer's URL, in lower case ("" for bare digits),
// and the digits.
func cut(code string) (issuer, digits string, err error) {
	if len(code) > MaxPrefix+MaxDigits {
		return "", "", tooLarge("the text has %d bytes, a gate code at most %d", len(code), MaxPrefix+MaxDigits)
	}
	before, digits, isURL := strings.Cut(code, "#")
	if !isURL {
		before, digits = "", code
	}
	if isURL {
		if len(before)+1 > MaxPrefix {
			return "", "", tooLarge("the URL has %d bytes with its '#', at most %d are read", len(before)+1, MaxPrefix)
		}
		if issuer, isURL = issuerOf(before); !isURL {
			return "", "", malformed("this is not a gate code: what precedes '#' is no issuer's check page")
		}
	}
	if err := checkDigits(digits, issuer == ""); err != nil {
		return "", "", err
	}
	return issuer, digits, nil
}

func checkDigits(digits string, bare bool) error {
	for i := range len(digits) {
		if digits[i] < '0' || digits[i] > '9' {
			return malformed("this is not a gate code: it holds other characters than digits")
		}
	}
	switch {
	case len(digits) > MaxDigits:
		return tooLarge("the code has %d digits, at most %d are read", len(digits), MaxDigits)
	case digits == "":
		return malformed("this is not a gate code: it has no digits")
	case digits[0] == '0':
		return malformed("a gate code's number has no leading zero")
	case bare && len(digits) < MinBareDigits:
		return malformed("this is not a gate code: a number without a URL has at least %d digits", MinBareDigits)
	}
	return nil
}

// issuerOf returns the issuer's URL for the URL of its check page, in lower
// case. The characters allowed are those that have a short form in QR codes.
// They are checked before the case is changed, because outside ASCII several
// characters share a lower-case form.
func issuerOf(page string) (issuer string, ok bool) {
	for i := range len(page) {
		if !isURLCharacter(page[i]) {
			return "", false
		}
	}
	issuer, isPage := strings.CutSuffix(strings.ToLower(page), "/c")
	address, isWeb := strings.CutPrefix(issuer, "https://")
	if !isWeb {
		address, isWeb = strings.CutPrefix(issuer, "http://")
	}
	named := address != "" && address[0] != '/' && address[0] != ':' && address[len(address)-1] != '/'
	return issuer, isPage && isWeb && named
}

func isURLCharacter(c byte) bool {
	return isDigit(c) || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || strings.IndexByte("-./:", c) >= 0
}

// prefixOf returns what precedes the digits of an issuer's codes.
func prefixOf(issuerURL string) (prefix string, err error) {
	if issuerURL == "" {
		return "", nil
	}
	page := strings.ToUpper(issuerURL) + "/C"
	issuer, ok := issuerOf(page)
	if !ok || issuer != issuerURL {
		return "", fmt.Errorf("qr: the issuer's URL does not fit a gate code: it takes https:// and " +
			"lower-case letters, digits, '-', '.', ':' and '/', with no '/' at the end")
	}
	if len(page)+1 > MaxPrefix {
		return "", fmt.Errorf("qr: the issuer's URL has %d bytes, a gate code takes at most %d",
			len(issuerURL), MaxPrefix-len("/C#"))
	}
	return page + "#", nil
}

// toDigits writes a frame as a decimal number. Its first byte is a format and
// never zero, so no leading zero is lost.
func toDigits(frame []byte) string {
	return new(big.Int).SetBytes(frame).String()
}

// fromDigits is the reverse of toDigits, for digits that cut has checked.
func fromDigits(digits string) []byte {
	number, _ := new(big.Int).SetString(digits, 10)
	return number.Bytes()
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }
