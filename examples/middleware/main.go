// Command middleware is a server, such as a jump host's front end, whose pages
// open for people with a badge for remote access only.
//
//	middleware -trust trust-list.json -audience https://jump.customer.example
//
// guard.go and nonces.go are what to copy; gin.go makes them fit gin. This file
// only puts them to use, once with net/http and once with gin.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/cyberbadge/cyberbadge/revocation/fetch"
	"github.com/cyberbadge/cyberbadge/verifier"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	gin.SetMode(gin.ReleaseMode)
	if err := run(ctx, os.Args[1:], os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "middleware:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, errs io.Writer) error {
	flags := flag.NewFlagSet("middleware", flag.ContinueOnError)
	flags.SetOutput(errs)
	trustList := flags.String("trust", "trust-list.json", "trust list `file`")
	audience := flags.String("audience", "", "`URL` by which holders know this server")
	listen := flags.String("listen", "127.0.0.1:8085", "`address` to listen on")
	withGin := flags.Bool("gin", false, "answer with gin in place of net/http")
	port := flags.Uint("loopback-port", 0, "for trying it out: fetch status lists from this `port` of this machine")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *audience == "" {
		return errors.New("-audience is missing: the URL by which holders know this server")
	}
	gate, err := newVerifier(*trustList, lists(*port))
	if err != nil {
		return err
	}
	defer gate.Close()
	nonces, err := NewNonces(MaxNonces, time.Now)
	if err != nil {
		return err
	}
	guard := &Guard{Verifier: gate, Nonces: nonces, Audience: *audience}
	handler := pages(guard)
	if *withGin {
		handler = ginPages(guard)
	}
	return serve(ctx, *listen, handler, errs)
}

func newVerifier(trustList string, lists fetch.Config) (*verifier.Verifier, error) {
	trust, err := verifier.LoadTrust(trustList)
	if err != nil {
		return nil, err
	}
	fetcher, err := fetch.New(lists)
	if err != nil {
		return nil, err
	}
	return verifier.New(verifier.Config{Trust: trust, Fetcher: fetcher})
}

func lists(loopbackPort uint) fetch.Config {
	if loopbackPort == 0 {
		return fetch.Config{}
	}
	return fetch.Config{InsecureAllowLoopback: true, AllowPorts: []uint16{uint16(loopbackPort)}}
}

// pages is the server with net/http.
func pages(guard *Guard) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /nonce", guard.ServeNonce)
	mux.Handle("GET /{$}", guard.Require(http.HandlerFunc(welcome)))
	return mux
}

// ginPages is the same server with gin.
func ginPages(guard *Guard) http.Handler {
	engine := gin.New()
	_ = engine.SetTrustedProxies(nil) // or every peer may name another as the client
	engine.GET("/nonce", gin.WrapF(guard.ServeNonce))
	engine.GET("/", guard.Gin(), gin.WrapF(welcome))
	return engine
}

// welcome greets whoever the badge names, as a page behind a guard may.
func welcome(w http.ResponseWriter, r *http.Request) {
	badge, ok := BadgeFrom(r.Context())
	if !ok {
		http.Error(w, "not behind a guard", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	fmt.Fprintf(w, "Welcome, %s of %s.\n", badge.Subject, badge.Issuer)
}

func serve(ctx context.Context, address string, handler http.Handler, errs io.Writer) error {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       15 * time.Second,
		WriteTimeout:      30 * time.Second,
		MaxHeaderBytes:    32 << 10, // a presentation has at most a quarter of that
	}
	fmt.Fprintf(errs, "listening on http://%s\n", listener.Addr())
	stopped := make(chan error, 1)
	go func() {
		<-ctx.Done()
		// A new context: the one that ended must not cut off what is under way.
		grace, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		stopped <- server.Shutdown(grace)
	}()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return <-stopped
}
