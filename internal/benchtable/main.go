// Command benchtable reads the output of "go test -bench" and prints, behind it,
// the figures that the project has bounds for, each beside its bound: those of
// revocation when it is called with that word, and else all others.
//
// It never fails because a bound does not hold: on a shared machine one run
// proves nothing. It fails when a figure is missing, because a bound that
// nobody measures is not one.
package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
)

// bound is what one figure of one benchmark should be.
type bound struct {
	what      string
	benchmark string // without "Benchmark" and the number of processors
	unit      string
	least     bool // the bound is the least value; otherwise the most
	value     float64
}

var bounds = []bound{
	{"a decision, badge not seen before, against two raw verifications", "VerifyCold", "x-raw2", false, 1.35},
	{"a decision, badge seen before, against two raw verifications", "VerifyWarm", "x-raw2", false, 0.75},
	{"POST /v1/verify, badges not seen before, calls against a bare handler's", "Verify/cold", "x-bare", true, 0.75},
	{"POST /v1/verify, badge seen before, calls against a bare handler's", "Verify/warm", "x-bare", true, 1.1},
	{"look-up in a list of a million, ns", "StatusLookup", "ns/op", false, 10},
	{"look-up in a list of a million, allocations", "StatusLookup", "allocs/op", false, 0},
	{"durable reservations, 32 callers, against one transaction each", "Reserve_GroupCommitAgainstOneEach", "ratio", true, 4},
	{"issuing, 32 callers, against one transaction each", "Issue_GroupCommitAgainstOneEach", "ratio", true, 4},
	{"issuing, processor time against a raw signature", "Issue_CPUAgainstRawSignature", "issue/sign", false, 2},
	{"100,000 people judged anew after a change of policy, s", "Rejudge_100000PeopleAfterAPolicyChange", "s/policy", false, 30},
	{"one person's new evidence among 100,000, to the judgement on disk, the longest in ms", "Receive_OnePersonAmong100000", "longest-ms", false, 50},
	{"gate code, every claim disclosed, QR version at level L", "Size/full", "version", false, 15},
}

func main() {
	table := bounds
	if len(os.Args) == 2 && os.Args[1] == "revocation" {
		table = revocationBounds
	}
	figures, err := read(io.TeeReader(os.Stdin, os.Stdout))
	if err == nil {
		err = report(os.Stdout, table, figures)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "benchtable:", err)
		os.Exit(1)
	}
}

// read collects figures by "benchmark unit".
func read(r io.Reader) (map[string]float64, error) {
	figures := make(map[string]float64)
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		if lines.Text() == "FAIL" {
			return nil, fmt.Errorf("a benchmark failed")
		}
		fields := strings.Fields(lines.Text())
		if len(fields) < 4 || !strings.HasPrefix(fields[0], "Benchmark") {
			continue
		}
		name := strings.TrimPrefix(fields[0], "Benchmark")
		if at := strings.LastIndexByte(name, '-'); at > 0 {
			name = name[:at]
		}
		for i := 2; i+1 < len(fields); i += 2 {
			value, err := strconv.ParseFloat(fields[i], 64)
			if err != nil {
				break
			}
			figures[name+" "+fields[i+1]] = value
		}
	}
	return figures, lines.Err()
}

func report(w io.Writer, table []bound, figures map[string]float64) error {
	var missing []string
	fmt.Fprintln(w)
	for _, b := range table {
		value, measured := figures[b.benchmark+" "+b.unit]
		if !measured {
			missing = append(missing, b.benchmark+" "+b.unit)
			continue
		}
		fmt.Fprintln(w, b.line(value))
	}
	if len(missing) > 0 {
		return fmt.Errorf("not measured: %s", strings.Join(missing, ", "))
	}
	return nil
}

func (b bound) line(value float64) string {
	sign, holds := "≤", value <= b.value
	if b.least {
		sign, holds = "≥", value >= b.value
	}
	verdict := "holds"
	if !holds {
		verdict = "DOES NOT HOLD"
	}
	return fmt.Sprintf("%8.3g  %s %-5.3g %-13s  %s", value, sign, b.value, verdict, b.what)
}
