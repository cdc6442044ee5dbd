// Package keyfile keeps P-256 private keys in files, and RSA keys for security events
// that are signed for other people's systems.
//
// A key is one PKCS#8 PEM block, encrypted with a passphrase in the age format
// (age-encryption.org/v1, scrypt). The file's name ends in .key.age, and nothing
// of ours is needed to read it in ten years:
//
//	age --decrypt badge.key.age | openssl pkey -text
//
// A key that is not encrypted ends in .key. It is written and read only with
// InsecurePlain, which is for tests and demonstrations.
//
// A file is refused if others than its owner may read it, or if anybody may
// change its folder. A key is written whole or not at all, and never over another
// one: a key that was overwritten takes every badge signed with it along.
//
// Keys in PKCS#11 modules and key services have no file; they come in as
// crypto.Signer without this package.
package keyfile
