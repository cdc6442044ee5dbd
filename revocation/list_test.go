package revocation

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/cyberbadge/cyberbadge/credential/code"
)

// draftFile is testdata/draft.json: the examples of the Token Status List draft.
type draftFile struct {
	Lists []struct {
		Name    string           `json:"name"`
		Source  string           `json:"source"`
		Bits    uint             `json:"bits"`
		List    string           `json:"lst"`
		Entries uint64           `json:"entries"`
		Set     map[uint64]uint8 `json:"set"` // every other entry is 0
	} `json:"lists"`
	Token struct {
		Source string          `json:"source"`
		URI    string          `json:"uri"`
		Key    json.RawMessage `json:"key"`
		Text   string          `json:"text"`
	} `json:"token"`
}

func readDraft(t *testing.T) draftFile {
	t.Helper()
	text, err := os.ReadFile("testdata/draft.json")
	if err != nil {
		t.Fatal(err)
	}
	var file draftFile
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestListReadsTheListsOfTheDraft(t *testing.T) {
	t.Parallel()
	for _, vector := range readDraft(t).Lists {
		t.Run(vector.Name, func(t *testing.T) {
			t.Parallel()
			list := mustInflate(t, vector.Bits, vector.List)
			if list.Len() != vector.Entries {
				t.Fatalf("%d entries, want %d", list.Len(), vector.Entries)
			}
			for index := range vector.Entries {
				got, err := list.Status(index)
				if err != nil || got != Status(vector.Set[index]) {
					t.Fatalf("entry %d is %v (%v), want %v", index, got, err, Status(vector.Set[index]))
				}
			}
		})
	}
}

// TestListWritesTheListsOfTheDraft sets the entries in an empty list and compares
// the bytes. The compressed text is not compared: encoders differ.
func TestListWritesTheListsOfTheDraft(t *testing.T) {
	t.Parallel()
	for _, vector := range readDraft(t).Lists {
		want := mustInflate(t, vector.Bits, vector.List)
		got := &List{layout: layoutOf(vector.Bits), entries: make([]byte, len(want.entries))}
		for index, status := range vector.Set {
			if err := got.Set(index, Status(status)); err != nil {
				t.Fatal(err)
			}
		}
		if string(got.entries) != string(want.entries) {
			t.Errorf("%s: other bytes", vector.Name)
		}
	}
}

func mustInflate(t *testing.T, bits uint, lst string) *List {
	t.Helper()
	text, err := json.Marshal(map[string]any{"status_list": map[string]any{"bits": bits, "lst": lst}})
	if err != nil {
		t.Fatal(err)
	}
	list, err := readList(mustParse(t, string(text)))
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func TestSetChangesOneEntryOnly(t *testing.T) {
	t.Parallel()
	for _, bits := range []uint{1, 2, 4, 8} {
		list := &List{layout: layoutOf(bits), entries: make([]byte, 16)}
		highest := Status(list.mask)
		for changed := range list.Len() {
			for _, status := range []Status{highest, 0, highest} {
				if err := list.Set(changed, status); err != nil {
					t.Fatal(err)
				}
				if got, _ := list.Status(changed); got != status {
					t.Fatalf("%d bits: entry %d is %v after Set %v", bits, changed, got, status)
				}
			}
			for other := range list.Len() {
				want := Status(0)
				if other <= changed {
					want = highest
				}
				if got, _ := list.Status(other); got != want {
					t.Fatalf("%d bits: entry %d is %v after entry %d was set", bits, other, got, changed)
				}
			}
		}
	}
}

func TestIndexOutOfRangeIsNeverAStatus(t *testing.T) {
	t.Parallel()
	for _, bits := range []uint{1, 2, 4, 8} {
		list := &List{layout: layoutOf(bits), entries: make([]byte, 16)}
		for _, index := range []uint64{list.Len(), list.Len() + 1, 1 << 32, 1 << 61, 1 << 62, 1 << 63, 1<<64 - 1} {
			_, err := list.Status(index)
			wantCode(t, err, code.StatusIndexOutOfRange)
			wantCode(t, list.Set(index, Invalid), code.StatusIndexOutOfRange)
		}
		if _, err := list.Status(list.Len() - 1); err != nil {
			t.Errorf("%d bits: the last entry: %v", bits, err)
		}
	}
}

func TestSetRefusesAStatusThatDoesNotFit(t *testing.T) {
	t.Parallel()
	for bits, highest := range map[uint]Status{1: 1, 2: 3, 4: 15} {
		list := &List{layout: layoutOf(bits), entries: make([]byte, 16)}
		if err := list.Set(0, highest); err != nil {
			t.Errorf("%d bits: %v", bits, err)
		}
		wantCode(t, list.Set(0, highest+1), code.StatusUnknownValue)
	}
}

func TestNewListBounds(t *testing.T) {
	t.Parallel()
	for size, good := range map[uint64]bool{
		0: false, MinEntries - 4: false, MinEntries: true, MinEntries + 1: false, MinEntries + 4: true,
		MaxEntries: true, MaxEntries + 4: false, 1 << 63: false,
	} {
		list, err := NewList(size)
		if (err == nil) != good {
			t.Errorf("%d entries: %v", size, err)
		}
		if good && list.Len() != size {
			t.Errorf("%d entries became %d", size, list.Len())
		}
	}
}

func TestListOfBounds(t *testing.T) {
	t.Parallel()
	for size, good := range map[int]bool{
		0: false, MinEntries/4 - 1: false, MinEntries / 4: true, MaxEntries / 4: true, MaxEntries/4 + 1: false,
	} {
		if _, err := ListOf(make([]byte, size)); (err == nil) != good {
			t.Errorf("%d bytes: %v", size, err)
		}
	}
}

func TestStatusNames(t *testing.T) {
	t.Parallel()
	for status, want := range map[Status]string{Valid: "VALID", Invalid: "INVALID", Suspended: "SUSPENDED", 3: "0x03", 255: "0xFF"} {
		if got := status.String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func wantCode(t *testing.T, err error, want code.Code) {
	t.Helper()
	if got := code.Of(err); got != want {
		t.Errorf("got %q (%v), want %q", got, err, want)
	}
}

func TestStatusAllocatesNothing(t *testing.T) {
	list, err := NewList(1 << 20)
	if err != nil {
		t.Fatal(err)
	}
	if n := testing.AllocsPerRun(100, func() { _, _ = list.Status(413412) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
