// Package config fills a configuration struct: first from a YAML file, then from
// the environment, and it reports everything that is wrong at once.
//
//	type File struct {
//		Issuer Issuer `yaml:"issuer"`
//	}
//	type Issuer struct {
//		Listen string        `yaml:"listen"`
//		Life   time.Duration `yaml:"badge_life"`
//		Token  config.Secret `yaml:"admin_token"`
//	}
//	file := File{Issuer: Issuer{Listen: "127.0.0.1:8443"}} // defaults
//	err := config.Load("issuer.yaml", os.Environ(), &file)
//
// # The file
//
// One YAML document. A key that the struct does not have is an error, and so is
// a key given twice, a key without a value, an anchor, an alias or a tag: what is
// written is what is meant. Every error names file, line and column.
//
// Durations are written 90s, 15m, 24h, 7d or 1d12h. A secret is never written in
// the file: the file says where it is, as {file: /path/to/it}, relative to the
// configuration's folder.
//
// # The environment
//
// CYBERBADGE_ and the path in capitals, joined by underscores, overrides a value:
// CYBERBADGE_ISSUER_BADGE_LIFE=12h. Lists are separated by commas. A secret may be
// given as it is or, better, as the path of its file in a variable with _FILE
// appended: CYBERBADGE_ISSUER_ADMIN_TOKEN_FILE=/run/secrets/token. A file with a
// secret must not be readable for others than its owner.
//
// A variable below one of the struct's own sections (here CYBERBADGE_ISSUER_) that
// names nothing is an error, because it is a misspelled one. Variables of other
// sections belong to other components and are left alone.
package config
