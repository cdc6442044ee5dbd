package faultproxy

import (
	"context"
	"encoding/binary"
	"io"
	"net"
	"net/netip"
	"sync/atomic"
)

// Names resolves every name to one address, as a hostile name server does, until it
// is told another. It is safe for concurrent use.
type Names struct{ address atomic.Pointer[netip.Addr] }

// NewNames resolves to that address.
func NewNames(address netip.Addr) *Names {
	n := new(Names)
	n.Set(address)
	return n
}

// Set changes the address for whoever asks from now on.
func (n *Names) Set(address netip.Addr) { n.address.Store(&address) }

// Resolver asks n.
func (n *Names) Resolver() *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		ours, theirs := net.Pipe()
		go func() {
			defer ours.Close()
			for n.answer(ours) == nil {
				continue
			}
		}()
		return theirs, nil
	}}
}

// How a question ends, and what an answer is (RFC 1035, section 4; RFC 3596).
const (
	headerSize      = 12
	typeA, typeAAAA = 1, 28
	classInternet   = 1
	isResponse      = 0x8180
	nameOfQuestion  = 0xC000 | headerSize
)

// answer answers one query over a stream.
func (n *Names) answer(conn net.Conn) error {
	var length [2]byte
	if _, err := io.ReadFull(conn, length[:]); err != nil {
		return err
	}
	query := make([]byte, binary.BigEndian.Uint16(length[:]))
	if _, err := io.ReadFull(conn, query); err != nil {
		return err
	}
	end := headerSize
	for end < len(query) && query[end] != 0 {
		end += int(query[end]) + 1
	}
	if end+5 > len(query) {
		return io.ErrUnexpectedEOF
	}
	question := query[headerSize : end+5]
	address := *n.address.Load()
	kind, answers := uint16(typeAAAA), uint16(0)
	if address.Is4() {
		kind = typeA
	}
	if binary.BigEndian.Uint16(question[len(question)-4:]) == kind {
		answers = 1
	}
	reply := append([]byte{0, 0}, query[:2]...)
	for _, field := range []uint16{isResponse, 1, answers, 0, 0} {
		reply = binary.BigEndian.AppendUint16(reply, field)
	}
	reply = append(reply, question...)
	if answers == 1 {
		data := address.AsSlice()
		for _, field := range []uint16{nameOfQuestion, kind, classInternet, 0, 0, uint16(len(data))} {
			reply = binary.BigEndian.AppendUint16(reply, field)
		}
		reply = append(reply, data...)
	}
	binary.BigEndian.PutUint16(reply, uint16(len(reply)-len(length)))
	_, err := conn.Write(reply)
	return err
}
