// Command client is a customer's system that asks a verifier service about one
// presentation, as a turnstile's controller or a visitor system would:
//
//	client -server http://verifier.customer.example [-access onsite] < presentation.txt
//
// It prints allow or deny and the reason. The exit status is 0 for allow and 1
// for everything else. client.sh does the same with curl.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"strings"
	"time"
)

// Bounds on what is sent and taken, in bytes.
const (
	maxPresentation = 12 << 10
	maxAnswer       = 64 << 10
)

// Answer is what a door has to know. The zero Answer denies.
type Answer struct {
	Allow  bool   `json:"allow"`
	Reason string `json:"reason"`
}

func main() {
	os.Exit(run(context.Background(), os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

func run(ctx context.Context, args []string, in io.Reader, out, errs io.Writer) (status int) {
	flags := flag.NewFlagSet("client", flag.ContinueOnError)
	flags.SetOutput(errs)
	server := flags.String("server", "http://127.0.0.1:8090", "`URL` of the verifier service")
	access := flags.String("access", "onsite", "what the badge must grant: onsite or remote")
	if err := flags.Parse(args); err != nil {
		return 1
	}
	presentation, err := io.ReadAll(io.LimitReader(in, maxPresentation))
	if err != nil {
		fmt.Fprintln(errs, "client:", err)
		return 1
	}
	answer, err := Ask(ctx, *server, *access, strings.TrimSpace(string(presentation)))
	if err != nil {
		fmt.Fprintln(errs, "client:", err)
	}
	if !answer.Allow {
		fmt.Fprintln(out, "deny", answer.Reason)
		return 1
	}
	fmt.Fprintln(out, "allow", answer.Reason)
	return 0
}

// Ask lets the service decide. The door opens for an answer of 200 that says so,
// and for nothing else: with an error, which is for the log, the answer is a
// denial.
func Ask(ctx context.Context, server, access, presentation string) (Answer, error) {
	body, err := json.Marshal(map[string]string{"presentation": presentation, "access": access})
	if err != nil {
		return Answer{Reason: "no_answer"}, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimSuffix(server, "/")+"/v1/verify", bytes.NewReader(body))
	if err != nil {
		return Answer{Reason: "no_answer"}, err
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := client.Do(request)
	if err != nil {
		return Answer{Reason: "no_answer"}, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return Answer{Reason: "no_answer"}, err
	}
	if response.StatusCode != http.StatusOK {
		return Answer{Reason: "no_answer"}, fmt.Errorf("%s from %s: %s", response.Status, server, text)
	}
	return read(text)
}

// client gives up in time for the person at the door to be told, and follows no
// redirect: the presentation is for the service and for nobody it may point to.
var client = &http.Client{
	Timeout:       10 * time.Second,
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// reason is how the service spells reasons; anything else is not from it.
var reason = regexp.MustCompile(`^[a-z_]{1,64}$`)

func read(text []byte) (Answer, error) {
	var answer Answer
	if err := json.Unmarshal(text, &answer); err != nil {
		return Answer{Reason: "no_answer"}, err
	}
	if !reason.MatchString(answer.Reason) {
		return Answer{Reason: "no_answer"}, fmt.Errorf("an answer without a reason: %q", text)
	}
	return answer, nil
}
