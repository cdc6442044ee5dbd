// Command cyberbadge runs an issuer or a verifier of Cyber Badges and gives
// access to what they do: nouns first, then what is to be done with them.
//
//	cyberbadge demo                 try all of it on this machine
//	cyberbadge issuer …             set up, feed and serve the program
//	cyberbadge policy …             check, try and compare policies, put one in force
//	cyberbadge program …            see what is ahead and what is stuck, work off what is due
//	cyberbadge hold …               make exceptions for people
//	cyberbadge person …             invite people's phones, suspend, export and erase people
//	cyberbadge audit …              verify and export who did what
//	cyberbadge signal …             have other systems told of changes at once
//	cyberbadge badge …              issue, show and revoke badges
//	cyberbadge verifier …           set up and serve a verifier
//	cyberbadge verify …             decide about one presentation
//	cyberbadge bundle …             carry trust and status lists to where there is no network
//	cyberbadge keys …               make and list keys
//
// Every command that prints data takes --json. The exit status is 0 for success
// and for allow, 1 for deny and for failure, 2 for misuse.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	os.Exit(mainStatus())
}

func mainStatus() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return run(ctx, os.Args[1:], streams{
		in: os.Stdin, out: os.Stdout, err: os.Stderr, environ: os.Environ(), now: time.Now,
	})
}
