package issuer

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// full stages into a device that has no room: whatever is written to it fails as on
// a full disk.
func full(folder string) (stagedFile, error) {
	device, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		return nil, err
	}
	named, err := stageFile(folder)
	return fullFile{named, device}, err
}

// fullFile has a name in the folder and no room.
type fullFile struct {
	stagedFile
	device *os.File
}

func (f fullFile) Write(text []byte) (int, error) { return f.device.Write(text) }
func (f fullFile) Close() error                   { return errors.Join(f.stagedFile.Close(), f.device.Close()) }

func TestListFolder_AFullDiskLeavesTheFilesBefore(t *testing.T) {
	t.Parallel()
	folder, err := OpenListFolder(t.TempDir(), "https://badge.vendor.example", true)
	if err != nil {
		t.Fatal(err)
	}
	uri := "https://badge.vendor.example/status-lists/1"
	before := strings.Repeat("the list before", 100)
	if err := folder.WriteList(uri, before); err != nil {
		t.Fatal(err)
	}
	// The first file has room, the second has none.
	for room := range 2 {
		begun := 0
		folder.stage = func(path string) (stagedFile, error) {
			if begun++; begun > room {
				return full(path)
			}
			return stageFile(path)
		}
		if err := folder.WriteList(uri, "the next list"); !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("room for %d: %v", room, err)
		}
		holds(t, folder, before)
	}
	folder.stage = stageFile
	if err := folder.WriteList(uri, "the next list"); err != nil {
		t.Fatal(err)
	}
	holds(t, folder, "the next list")
}

// holds insists that the folder has one list, both its files, and nothing else.
func holds(t *testing.T, folder *ListFolder, want string) {
	t.Helper()
	zipped, err := compressed(want)
	if err != nil {
		t.Fatal(err)
	}
	lists := filepath.Join(folder.path, "status-lists")
	for name, want := range map[string]string{"1": want, "1.gz": string(zipped)} {
		if got, err := os.ReadFile(filepath.Join(lists, name)); err != nil || string(got) != want {
			t.Errorf("%s holds %q, %v", name, got, err)
		}
	}
	if entries, err := os.ReadDir(lists); err != nil || len(entries) != 2 {
		t.Errorf("%v, %v", entries, err)
	}
}
