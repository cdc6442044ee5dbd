package strictjson_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/cyberbadge/cyberbadge/credential/code"
	"github.com/cyberbadge/cyberbadge/internal/strictjson"
)

func TestParse_ReadsEveryKind(t *testing.T) {
	t.Parallel()
	v, err := strictjson.Parse([]byte(" {\"a\":[1,-2.5e+3,true,false,null],\t\"b\":{\"c\":\"d\"}}\r\n"))
	if err != nil {
		t.Fatal(err)
	}
	list, present := v.Member("a")
	if !present || list.Kind != strictjson.Array {
		t.Fatalf("a is %+v", list)
	}
	want := []strictjson.Value{
		{Kind: strictjson.Number, Text: "1"}, {Kind: strictjson.Number, Text: "-2.5e+3"},
		{Kind: strictjson.Bool, Text: "true"}, {Kind: strictjson.Bool, Text: "false"}, {Kind: strictjson.Null},
	}
	for i, element := range list.Elements {
		if element.Kind != want[i].Kind || element.Text != want[i].Text {
			t.Errorf("element %d is %+v, want %+v", i, element, want[i])
		}
	}
	inner, _ := v.Member("b")
	if text, _ := inner.Member("c"); text.Kind != strictjson.String || text.Text != "d" {
		t.Errorf("b.c is %+v", text)
	}
}

func TestParse_ResolvesEscapes(t *testing.T) {
	t.Parallel()
	for written, want := range map[string]string{
		`"\"\\\/\b\f\n\r\t"`:   "\"\\/\b\f\n\r\t",
		`"\u0041\u00e9\u20AC"`: "Aé€",
		`"\ud83d\ude00"`:       "😀",
		`"a\u0000b"`:           "a\x00b",
		`"é😀"`:                 "é😀",
		`"\u00e9é\n"`:          "éé\n",
		`"\ufffd"`:             "\ufffd",
		"\"\ufffd\"":           "\ufffd",
		`"\uD800\uDC00"`:       "\U00010000",
		`"\udbff\udfff"`:       "\U0010ffff",
		"\"\x7f\"":             "\x7f",
	} {
		v, err := strictjson.ParseString(written)
		if err != nil || v.Text != want {
			t.Errorf("%s is %q (%v), want %q", written, v.Text, err, want)
		}
	}
}

func TestParse_RefusesWhatIsNotOneStrictValue(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"nothing":                          "",
		"only space":                       " \n",
		"byte order mark":                  "\ufeff{}",
		"data behind":                      "{}{}",
		"comma behind":                     "{},",
		"NUL behind":                       "{}\x00",
		"NUL in front":                     "\x00{}",
		"NUL alone":                        "\x00",
		"vertical tab as space":            "\v{}",
		"no-break space":                   "\u00a0{}",
		"comment":                          "/**/{}",
		"line comment":                     "{}//",
		"open object":                      "{",
		"open array":                       "[",
		"open member":                      `{"a"`,
		"open member value":                `{"a":`,
		"closing first":                    "}",
		"crossed brackets":                 "[}",
		"comma before end of object":       `{"a":1,}`,
		"comma before end of array":        `[1,]`,
		"leading comma":                    `[,1]`,
		"two commas":                       `[1,,2]`,
		"no comma":                         `[1 2]`,
		"no colon":                         `{"a" 1}`,
		"semicolon":                        `{"a":1;"b":2}`,
		"name without quotes":              `{a:1}`,
		"name a number":                    `{1:1}`,
		"single quotes":                    `{'a':1}`,
		"open string":                      `"a`,
		"open escape":                      `"\`,
		"escaped quote at the end":         `"\"`,
		"unknown escape":                   `"\x41"`,
		"upper-case escape":                `"\N"`,
		"escaped NUL byte":                 "\"\\\x00\"",
		"short hexadecimal":                `"\u004"`,
		"shorter hexadecimal at end":       `"\u00`,
		"hexadecimal with g":               `"\u00g0"`,
		"hexadecimal with sign":            `"\u+041"`,
		"control character":                "\"\x1f\"",
		"line break in a string":           "\"\n\"",
		"line break behind an escape":      "\"\\n\n\"",
		"NUL in a string":                  "\"\x00\"",
		"invalid UTF-8":                    "\"\xff\"",
		"invalid UTF-8 behind an escape":   "\"\\n\xff\"",
		"cut UTF-8":                        "\"\xc3\"",
		"overlong UTF-8":                   "\"\xc0\x80\"",
		"surrogate in UTF-8":               "\"\xed\xa0\x80\"",
		"beyond Unicode":                   "\"\xf4\x90\x80\x80\"",
		"invalid UTF-8 in a name":          "{\"\xff\":1}",
		"lone high surrogate":              `"\ud800"`,
		"lone low surrogate":               `"\udc00"`,
		"high surrogate and letter":        `"\ud800A"`,
		"high surrogate and other escape":  `"\ud800\n"`,
		"high surrogate and plain escape":  `"\ud800\u0041"`,
		"two high surrogates":              `"\ud800\ud800"`,
		"surrogates the wrong way":         `"\udc00\ud800"`,
		"high surrogate and cut escape":    `"\ud800\u"`,
		"lone surrogate in a name":         `{"\ud800":1}`,
		"minus":                            "-",
		"plus":                             "+1",
		"leading zero":                     "01",
		"leading zero behind minus":        "-01",
		"two zeros":                        "00",
		"point first":                      ".5",
		"point last":                       "1.",
		"exponent empty":                   "1e",
		"exponent sign only":               "1e+",
		"hexadecimal number":               "0x1",
		"underscore":                       "1_000",
		"infinity":                         "Infinity",
		"not a number":                     "NaN",
		"upper-case literal":               "True",
		"cut literal":                      "tru",
		"long literal":                     "trueish",
		"number and letter":                "1a",
		"arabic digit":                     "١",
		"undefined":                        "undefined",
		"array of open string with escape": `["\n`,
	} {
		v, err := strictjson.ParseString(text)
		if code.Of(err) != code.JSONInvalid {
			t.Errorf("%s: %q is %v, want json_invalid", name, text, err)
		}
		if err != nil && (v.Kind != strictjson.Null || v.Elements != nil || v.Members != nil) {
			t.Errorf("%s: %+v beside the error", name, v)
		}
	}
}

func TestParse_RefusesOneNameTwiceHoweverItIsWritten(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		`{"a":1,"a":1}`, `{"a":1,"\u0061":2}`, `{"\u0061":1,"a":2}`, `{"\u0061":1,"\u0061":2}`, `{"a":1,"b":2,"a":3}`,
		`{"x":{"a":1,"a":2}}`, `[{"a":1,"a":2}]`, `{"":1,"":2}`, `{"/":1,"\/":2}`, `{"\/":1,"/":2}`, `{"😀":1,"\ud83d\ude00":2}`,
	} {
		if _, err := strictjson.ParseString(text); code.Of(err) != code.JSONDuplicateName {
			t.Errorf("%s is %v", text, err)
		}
	}
}

func TestParse_TakesNamesThatOnlyLookAlike(t *testing.T) {
	t.Parallel()
	for _, text := range []string{`{"a":1,"A":2}`, `{"a":1,"a ":2}`, `{"a":1,"a\u0000":2}`, `{"\u00e9":1,"e\u0301":2}`, `{"a":{"a":{"a":1}}}`, `[{"a":1},{"a":2}]`} {
		if _, err := strictjson.ParseString(text); err != nil {
			t.Errorf("%s is %v", text, err)
		}
	}
}

// Names are compared one by one in small objects and through a map in large
// ones; around the change each position must be found.
func TestParse_FindsTheRepeatedNameInObjectsOfAnySize(t *testing.T) {
	t.Parallel()
	for size := 1; size <= 60; size++ {
		names := make([]string, size)
		for i := range names {
			names[i] = fmt.Sprintf(`"n%d":0`, i)
		}
		whole := "{" + strings.Join(names, ",")
		if _, err := strictjson.ParseString(whole + "}"); err != nil {
			t.Fatalf("%d members: %v", size, err)
		}
		for i := range names {
			if _, err := strictjson.ParseString(fmt.Sprintf(`%s,"n%d":1}`, whole, i)); code.Of(err) != code.JSONDuplicateName {
				t.Fatalf("%d members, the name of %d again: %v", size, i, err)
			}
		}
	}
}

func TestParse_BoundsTheDepth(t *testing.T) {
	t.Parallel()
	arrays := func(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }
	objects := func(n int) string { return strings.Repeat(`{"a":`, n) + "0" + strings.Repeat("}", n) }
	for name, nested := range map[string]func(int) string{
		"arrays": arrays, "objects": objects,
		"arrays with numbers": func(n int) string { return strings.Repeat("[1,", n-1) + "[1]" + strings.Repeat("]", n-1) },
	} {
		if _, err := strictjson.ParseString(nested(strictjson.MaxDepth)); err != nil {
			t.Errorf("%s: %d levels: %v", name, strictjson.MaxDepth, err)
		}
		for _, n := range []int{strictjson.MaxDepth + 1, 100_000} {
			if _, err := strictjson.ParseString(nested(n)); code.Of(err) != code.JSONTooDeep {
				t.Errorf("%s: %d levels: %v", name, n, err)
			}
		}
	}
	if _, err := strictjson.ParseString("[" + strings.Repeat("[],", 1000) + "[]]"); err != nil {
		t.Errorf("many values beside each other: %v", err)
	}
}

func TestInteger_TakesPlainIntegersThatEveryReaderHolds(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int64{
		"0": 0, "7": 7, "-7": -7, "1795478400": 1795478400, "9007199254740991": strictjson.MaxInteger, "-9007199254740991": -strictjson.MaxInteger,
	} {
		v, err := strictjson.ParseString(text)
		if got, ok := v.Integer(); err != nil || !ok || got != want {
			t.Errorf("%s is %d, %t (%v)", text, got, ok, err)
		}
	}
	for _, text := range []string{
		"-0", "1.0", "1e3", "1E0", "0.0", "9007199254740992", "-9007199254740992", "9007199254740993", "9223372036854775808", "18446744073709551616", "1e400", `"7"`, "true", "null", "[7]", `{"a":7}`,
	} {
		v, err := strictjson.ParseString(text)
		if n, ok := v.Integer(); err != nil || ok || n != 0 {
			t.Errorf("%s is %d, %t (%v)", text, n, ok, err)
		}
	}
}

func TestMember_IsAbsentFromWhatIsNoObject(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"[]", "null", `"a"`, "1", "{}", `{"A":1}`} {
		v, err := strictjson.ParseString(text)
		if m, present := v.Member("a"); err != nil || present || m.Kind != strictjson.Null {
			t.Errorf("%s has %+v (%v)", text, m, err)
		}
	}
}

// same reports whether encoding/json read what v says. Floats keep the text
// that was written, so nothing is lost in the comparison.
func same(v strictjson.Value, other any) bool {
	switch other := other.(type) {
	case nil:
		return v.Kind == strictjson.Null
	case bool:
		return v.Kind == strictjson.Bool && v.Text == fmt.Sprint(other)
	case json.Number:
		return v.Kind == strictjson.Number && v.Text == other.String()
	case string:
		return v.Kind == strictjson.String && v.Text == other
	case []any:
		if v.Kind != strictjson.Array || len(v.Elements) != len(other) {
			return false
		}
		for i := range other {
			if !same(v.Elements[i], other[i]) {
				return false
			}
		}
		return true
	case map[string]any:
		if v.Kind != strictjson.Object || len(v.Members) != len(other) {
			return false
		}
		for _, m := range v.Members {
			if value, present := other[m.Name]; !present || !same(m.Value, value) {
				return false
			}
		}
		return true
	}
	return false
}

// FuzzStrictJSON: whatever is accepted, encoding/json reads to the same value;
// whatever is refused yields nothing.
func FuzzStrictJSON(f *testing.F) {
	for _, text := range []string{
		`{"a":[1,-2.5e+3,true,false,null],"b":{"c":"d"}}`, `"\ud83d\ude00\u0000\/"`, `{"a":1,"\u0061":2}`, "[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]", "\"\xff\"", "\ufeff1", "1e400", " 0 ", `"\ud800"`,
	} {
		f.Add([]byte(text))
	}
	for _, text := range vectorTexts(f) {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		v, err := strictjson.Parse(text)
		if err != nil {
			if v.Kind != strictjson.Null || v.Text != "" || v.Elements != nil || v.Members != nil {
				t.Errorf("%+v beside %v", v, err)
			}
			switch code.Of(err) {
			case code.JSONInvalid, code.JSONDuplicateName, code.JSONTooDeep:
			default:
				t.Errorf("code %q", code.Of(err))
			}
			return
		}
		decoder := json.NewDecoder(strings.NewReader(string(text)))
		decoder.UseNumber()
		var other any
		if err := decoder.Decode(&other); err != nil {
			t.Fatalf("encoding/json refuses what was accepted: %v", err)
		}
		if decoder.More() {
			t.Fatal("encoding/json finds more than one value")
		}
		if !same(v, other) {
			t.Fatalf("encoding/json reads %#v, we %+v", other, v)
		}
	})
}
