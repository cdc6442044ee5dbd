package mail

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/textproto"
	"syscall"

	gomail "github.com/wneessen/go-mail"

	"github.com/cyberbadge/cyberbadge/issuer/notify"
)

// SMTP sends letters by SMTP, each over a connection of its own. It is safe for
// concurrent use.
type SMTP struct{ cfg Config }

var _ notify.Carrier = (*SMTP)(nil)

// New checks cfg and reports all that is wrong with it. It does not connect.
func New(cfg Config) (*SMTP, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	s := &SMTP{cfg.withDefaults()}
	if _, err := s.client(s.dial); err != nil {
		return nil, fmt.Errorf("mail: %w", err)
	}
	return s, nil
}

// client returns a client for one connection; go-mail's keep one as their own.
func (s *SMTP) client(dial gomail.DialContextFunc) (*gomail.Client, error) {
	options := []gomail.Option{
		gomail.WithPort(s.cfg.Port), gomail.WithTimeout(s.cfg.Timeout), gomail.WithHELO(s.cfg.Hello),
		gomail.WithTLSConfig(s.cfg.tls()), gomail.WithDialContextFunc(dial), gomail.WithoutNoop(),
	}
	switch {
	case s.cfg.ImplicitTLS:
		options = append(options, gomail.WithSSL())
	case s.cfg.InsecurePlain:
		options = append(options, gomail.WithTLSPolicy(gomail.NoTLS))
	default:
		options = append(options, gomail.WithTLSPolicy(gomail.TLSMandatory))
	}
	if s.cfg.Username != "" {
		// Named, because go-mail's own choice takes a connection that was dialled for
		// it for one without TLS. PLAIN and LOGIN refuse to go without.
		options = append(options, gomail.WithUsername(s.cfg.Username), gomail.WithPassword(s.cfg.Password),
			gomail.WithOpportunisticSMTPAuth(gomail.SMTPAuthSCRAMSHA256, gomail.SMTPAuthPlain, gomail.SMTPAuthLogin))
	}
	return gomail.NewClient(s.cfg.Host, options...)
}

// dial connects; with TLS first where it is implicit, because go-mail leaves that
// to whoever dials.
func (s *SMTP) dial(ctx context.Context, network, address string) (net.Conn, error) {
	dialer := &net.Dialer{Timeout: s.cfg.Timeout}
	if s.cfg.InsecurePlain {
		dialer.Control = loopbackOnly
	}
	if s.cfg.ImplicitTLS {
		return (&tls.Dialer{NetDialer: dialer, Config: s.cfg.tls()}).DialContext(ctx, network, address)
	}
	return dialer.DialContext(ctx, network, address)
}

var errNotHere = errors.New("mail is sent without encryption to this machine alone; configure TLS")

// loopbackOnly sees the address after its name was resolved.
func loopbackOnly(_, address string, _ syscall.RawConn) error {
	target, err := netip.ParseAddrPort(address)
	if err != nil || !target.Addr().Unmap().IsLoopback() {
		return errNotHere
	}
	return nil
}

// Carry implements [notify.Carrier].
func (s *SMTP) Carry(ctx context.Context, d notify.Delivery) (notify.Receipt, error) {
	m, err := s.cfg.Sender.compose(d, s.cfg.Now())
	if err != nil {
		return notify.Receipt{}, err
	}
	ctx, done := context.WithCancel(ctx)
	defer done()
	err = s.send(ctx, m)
	// A server that took the letter and then failed at saying goodbye has it.
	if err == nil || m.IsDelivered() {
		return notify.Receipt{Note: "the mail server took it"}, nil
	}
	return notify.Receipt{}, judge(err)
}

// send has the connection end with the context and with the call: go-mail heeds
// the context only while it connects, and leaves a connection open on which it
// was not let in.
func (s *SMTP) send(ctx context.Context, m *gomail.Msg) error {
	client, err := s.client(func(dialing context.Context, network, address string) (net.Conn, error) {
		connection, err := s.dial(dialing, network, address)
		if err == nil {
			context.AfterFunc(ctx, func() { _ = connection.Close() })
		}
		return connection, err
	})
	if err != nil {
		return err
	}
	return client.DialAndSendWithContext(ctx, m)
}

// judge says what a failure means, without the words of the server: it is often
// the address that they are about.
func judge(err error) error {
	var (
		sent     *gomail.SendError
		protocol *textproto.Error
		unknown  x509.UnknownAuthorityError
		name     x509.HostnameError
	)
	switch {
	case errors.Is(err, errNotHere):
		return notify.Permanent(fmt.Errorf("mail: %w", errNotHere))
	case errors.As(err, &unknown), errors.As(err, &name):
		return errors.New("mail: the mail server could not prove who it is; check its certificate and RootCAs")
	case errors.As(err, &sent) && sent.ErrorCode() != 0:
		return refusal(sent.ErrorCode(), sent.EnhancedStatusCode(), sent.Reason)
	case errors.As(err, &protocol):
		// Before the letter, at the greeting or the password: the server's trouble or
		// the configuration's, and so every letter's.
		return fmt.Errorf("mail: the mail server refused us with %d; check Username and Password", protocol.Code)
	case errors.Is(err, context.DeadlineExceeded):
		return errors.New("mail: the mail server did not answer in time")
	}
	var network net.Error
	if errors.As(err, &network) && network.Timeout() {
		return errors.New("mail: the mail server did not answer in time")
	}
	return errors.New("mail: the mail server could not be reached or spoken to: " + class(err))
}

// class names what kind of error it is where that holds no address.
func class(err error) string {
	var operation *net.OpError
	var resolver *net.DNSError
	switch {
	case errors.As(err, &resolver):
		return "its name does not resolve"
	case errors.As(err, &operation):
		return operation.Op + " failed"
	}
	return "it does not speak as it must (are STARTTLS and AUTH offered?)"
}

// refusal is the server's own no. 5xx to a recipient or a letter is final (RFC
// 5321, section 4.2.1); to the sender it is about our configuration, which can
// be mended.
func refusal(code int, enhanced string, at gomail.SendErrReason) error {
	if enhanced != "" {
		enhanced = " " + enhanced
	}
	err := fmt.Errorf("mail: the mail server refused the letter with %d%s", code, enhanced)
	if code >= 500 && at != gomail.ErrSMTPMailFrom {
		return notify.Permanent(err)
	}
	return err
}
