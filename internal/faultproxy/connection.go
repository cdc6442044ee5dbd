package faultproxy

import (
	"net"
	"sync"
	"sync/atomic"
)

// listener treats connections as the proxy's fault says.
type listener struct {
	net.Listener
	proxy *Proxy
}

// Accept returns the next connection that is not refused.
func (l listener) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if c := l.proxy.admit(conn); c != nil {
			return c, nil
		}
	}
}

// connection is one with a client.
type connection struct {
	net.Conn
	proxy  *Proxy
	silent atomic.Bool
	once   sync.Once
	closed chan struct{}
}

// Read returns nothing that comes after the connection was silenced.
func (c *connection) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if c.silent.Load() {
		<-c.closed
		return 0, net.ErrClosed
	}
	return n, err
}

// Write takes what it does not send any more, as the system's buffers do.
func (c *connection) Write(b []byte) (int, error) {
	if c.silent.Load() {
		return len(b), nil
	}
	return c.Conn.Write(b)
}

// Close closes it. A silenced one is only closed with [connection.end]: its server
// giving up must not be what tells the client.
func (c *connection) Close() error {
	if c.silent.Load() {
		return nil
	}
	return c.end()
}

func (c *connection) end() (err error) {
	c.once.Do(func() {
		close(c.closed)
		err = c.Conn.Close()
		c.proxy.forget(c)
	})
	return err
}

// treat must not be called with the proxy's lock held.
func (c *connection) treat(how treatment) {
	switch how {
	case silence:
		c.silent.Store(true)
	case reset:
		if tcp, is := c.Conn.(*net.TCPConn); is {
			_ = tcp.SetLinger(0)
		}
		_ = c.end()
	case drop:
		_ = c.end()
	}
}
