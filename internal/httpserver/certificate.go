package httpserver

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"
)

// certificateCheckEvery is how often handshakes look whether the certificate's
// files have changed.
const certificateCheckEvery = time.Minute

// certificate is a TLS certificate that follows its files. A renewal that
// cannot be read is logged and the one in use stays: an expired certificate
// tomorrow is better than none today.
type certificate struct {
	certFile, keyFile string
	now               func() time.Time
	logger            *slog.Logger

	mu      sync.Mutex
	current *tls.Certificate
	written fileTimes
	checked time.Time
}

// fileTimes are when the two files were last written.
type fileTimes struct{ cert, key time.Time }

func newCertificate(certFile, keyFile string, now func() time.Time, logger *slog.Logger) (*certificate, error) {
	c := &certificate{certFile: certFile, keyFile: keyFile, now: now, logger: logger, checked: now()}
	if err := c.load(); err != nil {
		return nil, err
	}
	return c, nil
}

// load replaces the certificate when the files have changed and are good.
func (c *certificate) load() error {
	written, err := c.fileTimes()
	if err != nil {
		return err
	}
	if written == c.written {
		return nil
	}
	loaded, err := tls.LoadX509KeyPair(c.certFile, c.keyFile)
	if err != nil {
		return fmt.Errorf("httpserver: certificate %s with key %s: %w", c.certFile, c.keyFile, err)
	}
	c.current, c.written = &loaded, written
	return nil
}

func (c *certificate) fileTimes() (fileTimes, error) {
	cert, err := os.Stat(c.certFile)
	if err != nil {
		return fileTimes{}, fmt.Errorf("httpserver: certificate: %w", err)
	}
	key, err := os.Stat(c.keyFile)
	if err != nil {
		return fileTimes{}, fmt.Errorf("httpserver: certificate key: %w", err)
	}
	return fileTimes{cert: cert.ModTime(), key: key.ModTime()}, nil
}

// get implements tls.Config.GetCertificate.
func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now := c.now(); now.Sub(c.checked) >= certificateCheckEvery {
		c.checked = now
		if err := c.load(); err != nil {
			c.logger.Error("the changed certificate is not used", "error", err)
		}
	}
	return c.current, nil
}
