package issuer_test

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/revocation"
)

// smallDisk mounts a file system of that size.
func smallDisk(t *testing.T, size string) string {
	t.Helper()
	path := t.TempDir()
	if err := syscall.Mount("tmpfs", path, "tmpfs", 0, "size="+size); err != nil {
		t.Skipf("no file system can be mounted here: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(path, 0); err != nil {
			t.Error(err)
		}
	})
	return path
}

// fill takes all the room there is.
func fill(t *testing.T, path string) {
	t.Helper()
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for block := make([]byte, 4096); err == nil; {
		_, err = file.Write(block)
	}
	if !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("the disk does not get full: %v", err)
	}
}

func TestKeepListFolder_GoesOnWhenADiskWasFull(t *testing.T) {
	t.Parallel()
	disk := smallDisk(t, "256k")
	p := publish(t, nil)
	badge := p.mustIssue(t, p.eligible(t)[0].Person.ID).Badge
	p.run(t)
	receive(t, p.tokens)
	end := p.keep(t, openFolder(t, disk, p.URL(), true))
	p.settle(t)
	for !exists(filepath.Join(disk, "nginx.conf")) { // what is written last
		time.Sleep(time.Millisecond)
	}

	fill(t, filepath.Join(disk, "filler"))
	p.revoke(t, badge)
	receive(t, p.tokens)
	retry := p.waits.next(t)
	for retry.of != time.Second { // the publisher's own
		retry = p.waits.next(t)
	}
	if got := p.fileSays(t, disk, badge); got != revocation.Valid {
		t.Errorf("with a full disk the file says %v", got)
	}
	if n := p.Publishing().FileFailures; n == 0 {
		t.Error("no failure is counted")
	}

	if err := os.Remove(filepath.Join(disk, "filler")); err != nil {
		t.Fatal(err)
	}
	retry.end()
	end()
	if got := p.fileSays(t, disk, badge); got != revocation.Invalid {
		t.Errorf("with room again the file says %v", got)
	}
	if left, err := filepath.Glob(filepath.Join(disk, "*", ".staged-*")); err != nil || len(left) != 0 {
		t.Errorf("%q, %v", left, err)
	}
}
