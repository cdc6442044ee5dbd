// Package mail carries messages by SMTP, or into a folder for a demonstration.
//
// The connection is encrypted: STARTTLS that must succeed, or TLS from the first
// byte. Without encryption it speaks to this machine alone, and only when told to
// ([Config.InsecurePlain]).
//
// A letter's Message-ID is made of the message's id and stays the same however
// often it is sent: a mail server that answers too late gets the letter again,
// and the reader's mail program can tell that it is the same one. It carries
// Auto-Submitted (RFC 3834) and Precedence, so that answering machines keep quiet.
// It has no unsubscribe header: what it says is part of the work.
//
// Outcomes hold the server's reply codes and never its words, which tend to
// repeat the address.
package mail
