package qr

import (
	"crypto/elliptic"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"math/big"
	"slices"
	"strconv"
	"strings"
)

// json appends the template of a segment. It sees strings and numbers and
// copies everything else, so that text that is no JSON is restored as well.
func (l *lifter) json(text string) {
	for text != "" {
		switch {
		case text[0] == '"':
			size := stringSize(text)
			l.quoted(text[:size], text[size:])
			text = text[size:]
		case isDigit(text[0]):
			size := numberSize(text)
			l.number(text[:size])
			text = text[size:]
		default:
			l.inList = l.inList && text[0] != ']'
			l.template = append(l.template, text[0])
			text = text[1:]
		}
	}
}

// stringSize returns the length of the string at the start of text, quotes
// included; of all the text where its end is missing.
func stringSize(text string) int {
	for i := 1; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(text)
}

// numberSize returns the length of the run at the start of text that a number,
// or a word with digits, could be made of.
func numberSize(text string) int {
	size := 0
	for size < len(text) && (isBase64URLCharacter(text[size]) || text[size] == '.' || text[size] == '+') {
		size++
	}
	return size
}

// quoted appends a string in quotes, given what follows it.
func (l *lifter) quoted(literal, following string) {
	following = strings.TrimLeft(following, " \t\r\n")
	if len(literal) < 2 || literal[len(literal)-1] != '"' {
		l.template = append(l.template, literal...)
		return
	}
	if list, isName := strings.CutPrefix(following, ":"); isName {
		l.template = append(l.template, literal...)
		l.inList = literal == `"_sd"` && l.isSortedList(list)
		return
	}
	l.template = append(l.template, '"')
	l.value(literal[1 : len(literal)-1])
	l.template = append(l.template, '"')
}

// isSortedList reports whether the array at the start of text is one that
// tokenSortedDigest restores: in ascending order, with every disclosure's digest.
func (l *lifter) isSortedList(text string) bool {
	if l.listed {
		return false
	}
	array, _, _ := strings.Cut(text, "]")
	var elements []string
	for i, piece := range strings.Split(array, `"`) {
		if i%2 == 1 {
			elements = append(elements, piece)
		}
	}
	shown := 0
	for i, element := range elements {
		raw, ok := canonical(element)
		if !ok || len(raw) != 32 || i > 0 && elements[i-1] >= element {
			return false
		}
		if slices.Contains(l.digests, element) {
			shown++
		}
	}
	if len(elements) == 0 || shown != len(l.digests) {
		return false
	}
	l.listed = true
	return true
}

// value appends a string that is not a member's name, in its shortest form.
func (l *lifter) value(value string) {
	if value == l.sdHash && value != "" {
		l.template = append(l.template, tokenSDHash)
		return
	}
	if index, shown := slices.BinarySearch(l.digests, value); shown || l.inList {
		l.digest(value, index, shown)
		return
	}
	if rest, ok := strings.CutPrefix(value, l.issuer); ok && l.issuer != "" {
		value = string(tokenIssuer) + rest
	}
	if strings.Contains(dictionary, `"`+value+`"`) {
		l.template = append(l.template, value...)
		return
	}
	head, tail := cutTail(value)
	if token, raw := compact(tail); token != 0 {
		l.template = append(l.template, head...)
		l.token(token, raw)
		return
	}
	if value == "" || value[0] == tokenIssuer {
		l.template = append(l.template, value...)
		return
	}
	l.template = append(l.template, tokenString)
	l.strings = append(l.strings, value)
}

// digest appends a digest of a disclosure or an element of the sorted list.
func (l *lifter) digest(value string, index int, shown bool) {
	switch {
	case !l.inList:
		l.template = append(l.template, tokenNumberedDigest)
		l.side = append(l.side, byte(index))
		return
	case !shown:
		raw, _ := canonical(value)
		l.side = append(l.side, raw...)
	}
	l.template = append(l.template, tokenSortedDigest)
}

// token appends a token and what it takes from the side stream.
func (l *lifter) token(token byte, raw []byte) {
	if token == tokenRaw32 {
		if sign, ok := compressed(l.before.x, raw); ok && !l.pointed {
			l.pointed = true
			l.template[l.before.inTemplate] = tokenPointX
			l.side = slices.Insert(l.side, l.before.inSide, sign)
			l.template = append(l.template, tokenPointY)
			return
		}
		l.before = position{raw, len(l.template), len(l.side)}
	}
	l.template = append(l.template, token)
	l.side = append(l.side, raw...)
}

// compressed returns the first byte of a P-256 point's compressed form (SEC 1
// section 2.3.3), if x and y are one.
func compressed(x, y []byte) (sign byte, ok bool) {
	if x == nil {
		return 0, false
	}
	sign = 2 | y[31]&1
	_, found := elliptic.UnmarshalCompressed(elliptic.P256(), slices.Concat([]byte{sign}, x))
	return sign, found != nil && found.Cmp(new(big.Int).SetBytes(y)) == 0
}

// number appends a run that starts with a digit.
func (l *lifter) number(run string) {
	// Ten digits up to 2^32 are times: from 2001 to 2106.
	if n, err := strconv.ParseUint(run, 10, 32); err == nil && len(run) == 10 && run[0] != '0' {
		l.template = append(l.template, tokenTime)
		l.side = appendTime(l.side, int64(n)-l.time)
		l.time = int64(n)
		return
	}
	if raw := compactDecimal(run); raw != nil {
		l.token(tokenDecimal, raw)
		return
	}
	l.template = append(l.template, run...)
}

// appendTime appends a difference in seconds as restorer.nextTime reads it.
func appendTime(to []byte, difference int64) []byte {
	unit := uint64(0)
	if difference%hour == 0 {
		difference, unit = difference/hour, 1
	}
	zigzag := uint64(difference<<1 ^ difference>>63)
	return binary.AppendUvarint(to, zigzag<<1|unit)
}

// cutTail splits off the part of a string that is most likely to be random: the
// last of a path or a name, or the whole.
func cutTail(value string) (head, tail string) {
	if hash, ok := strings.CutPrefix(value, "sha256-"); ok {
		return "sha256-", hash
	}
	if strings.HasSuffix(value, "=") {
		return "", value
	}
	cut := strings.LastIndexAny(value, "/:") + 1
	return value[:cut], value[cut:]
}

// compact returns the token for a value and the bytes that it takes, or a zero
// token where there is none.
func compact(value string) (token byte, raw []byte) {
	switch len(value) {
	case 22:
		if raw, ok := canonical(value); ok {
			return tokenRaw16, raw
		}
	case 36:
		raw, err := hex.DecodeString(strings.ReplaceAll(value, "-", ""))
		if err == nil && len(raw) == 16 && formatUUID(raw) == value {
			return tokenUUID, raw
		}
	case 43:
		if raw, ok := canonical(value); ok {
			return tokenRaw32, raw
		}
	case 44:
		raw, err := base64.StdEncoding.DecodeString(value)
		if err == nil && len(raw) == 32 && base64.StdEncoding.EncodeToString(raw) == value {
			return tokenIntegrity, raw
		}
	}
	if raw := compactDecimal(value); raw != nil {
		return tokenDecimal, raw
	}
	return 0, nil
}

// compactDecimal returns a run of digits as restorer.nextDecimal reads it, nil
// for anything else.
func compactDecimal(run string) []byte {
	if run == "" || len(run) > 15 {
		return nil
	}
	number, shorter := uint64(0), uint64(0)
	for i := range len(run) {
		if !isDigit(run[i]) {
			return nil
		}
		number = number*10 + uint64(run[i]-'0')
		if i > 0 {
			shorter = shorter*10 + 10
		}
	}
	return binary.AppendUvarint(nil, shorter+number)
}
