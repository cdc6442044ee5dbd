package mail

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"math/big"
	"net"
	"strings"
	"sync"
	"testing"
	"time"
)

// server speaks SMTP as far as a letter needs it (RFC 5321), and fails where a
// test says so.
type server struct {
	listener net.Listener
	tls      *tls.Config
	implicit bool
	offers   []string          // extensions before TLS
	replies  map[string]string // by verb, instead of the usual one; "" hangs up, "hang" says nothing

	mu       sync.Mutex
	letters  []string
	said     []string // all lines that were not of a letter
	open     int
	identity string
}

func startServer(t *testing.T, change func(*server)) (*server, Config) {
	t.Helper()
	certificate, pool := selfSigned(t)
	s := &server{tls: &tls.Config{Certificates: []tls.Certificate{certificate}}, offers: []string{"STARTTLS"}, replies: map[string]string{}}
	if change != nil {
		change(s)
	}
	var err error
	if s.listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.listener.Close() })
	go func() {
		for {
			connection, err := s.listener.Accept()
			if err != nil {
				return
			}
			go s.serve(connection)
		}
	}()
	return s, Config{Host: "127.0.0.1", Port: s.listener.Addr().(*net.TCPAddr).Port, RootCAs: pool, Timeout: 5 * time.Second}
}

func selfSigned(t *testing.T) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(parsed)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool
}

func (s *server) count(change int) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open += change
	return s.open
}

func (s *server) serve(connection net.Conn) {
	s.count(1)
	defer s.count(-1)
	defer func() { _ = connection.Close() }()
	encrypted := s.implicit
	if s.implicit {
		connection = tls.Server(connection, s.tls)
	}
	lines := bufio.NewReader(connection)
	say := func(text string) { fmt.Fprintf(connection, "%s\r\n", text) }
	say(s.reply("CONNECT", "220 mail.vendor.example"))
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			return
		}
		line = strings.TrimRight(line, "\r\n")
		verb, argument, _ := strings.Cut(line, " ")
		s.note(line)
		reply := s.reply(verb, "250 ok")
		switch {
		case reply == "":
			return
		case reply == "hang":
			continue
		case verb == "EHLO":
			offers := s.offers
			if encrypted {
				offers = []string{"AUTH PLAIN LOGIN", "ENHANCEDSTATUSCODES", "8BITMIME"}
			}
			say("250-mail.vendor.example")
			for _, offer := range offers {
				say("250-" + offer)
			}
			say("250 SIZE 1000000")
		case verb == "STARTTLS":
			say("220 go ahead")
			connection = tls.Server(connection, s.tls)
			lines, encrypted = bufio.NewReader(connection), true
		case verb == "AUTH":
			_, secret, _ := strings.Cut(argument, " ")
			identity, _ := base64.StdEncoding.DecodeString(secret)
			s.mu.Lock()
			s.identity = string(identity)
			s.mu.Unlock()
			say(s.reply("AUTH", "235 2.7.0 welcome"))
		case verb == "DATA" && reply == "250 ok":
			say("354 go on")
			if !s.take(lines) {
				return
			}
			say(s.reply("TAKEN", "250 taken"))
		case verb == "QUIT":
			say("221 bye")
			return
		default:
			say(reply)
		}
	}
}

func (s *server) take(lines *bufio.Reader) bool {
	var letter strings.Builder
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			return false
		}
		if line == ".\r\n" {
			break
		}
		letter.WriteString(strings.TrimPrefix(line, "."))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.letters = append(s.letters, letter.String())
	return true
}

func (s *server) reply(verb, usual string) string {
	if reply, ok := s.replies[verb]; ok {
		return reply
	}
	return usual
}

func (s *server) note(line string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.said = append(s.said, line)
}

func (s *server) received() (letters, said []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.letters, s.said
}
