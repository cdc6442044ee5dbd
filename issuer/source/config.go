package source

import "errors"

// Config says what a file of evidence comes from.
type Config struct {
	// Source names the sending system in every [evidence.Origin]. It must not be
	// empty, and must stay the same from import to import.
	Source string

	// HomePage is the homePage of the xAPI accounts whose names are our people's
	// externalId; statements about other accounts are refused. When empty, any
	// account counts, and a file that mixes several gets a notice: the same name
	// may then mean two people. Devices have no use for it.
	HomePage string
}

func (c Config) validate() error {
	if c.Source == "" {
		return errors.New("config: Source is empty: name the sending system")
	}
	return nil
}
